import { describe, expect, it } from 'vitest';
import { failedItems } from '../../infra/local/batch-response.ts';

const ITEMS = ['a', 'b'];
const said = (result: unknown) => [...failedItems({ ok: true, result }, ITEMS, true)];

describe('a batch response', () => {
  it.each([[null], [''], [{}], [{ batchItemFailures: [] }], [{ batchItemFailures: null }]])(
    '%j: all succeeded',
    (result) => {
      expect(said(result)).toEqual([]);
    },
  );

  it('names what failed', () => {
    expect(said({ batchItemFailures: [{ itemIdentifier: 'b' }] })).toEqual(['b']);
  });

  it.each([
    [{ batchItemFailures: [{ itemIdentifier: 'c' }] }],
    [{ batchItemFailures: [{ itemIdentifier: '' }] }],
    [{ batchItemFailures: [{}] }],
    ['fine'],
  ])('%j: cannot be read, so all failed', (result) => {
    expect(said(result)).toEqual(ITEMS);
  });

  it('all fail when the function does', () => {
    expect([...failedItems({ ok: false, reason: 'thrown' }, ITEMS, true)]).toEqual(ITEMS);
  });

  it('is not read where the source did not ask for it', () => {
    const result = { batchItemFailures: [{ itemIdentifier: 'b' }] };

    expect([...failedItems({ ok: true, result }, ITEMS, false)]).toEqual([]);
  });
});
