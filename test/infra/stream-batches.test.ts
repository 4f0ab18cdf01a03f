import { describe, expect, it } from 'vitest';
import { type FailureSettings, planNext } from '../../infra/local/stream-batches.ts';

const SETTINGS: FailureSettings = { maxRetryAttempts: 2, bisects: true };
const batch = (records: readonly number[], failures = 0) => ({ records, failures });

describe('after an invocation of a stream batch', () => {
  it('nothing follows a success', () => {
    expect(planNext(batch([1, 2]), undefined, true, SETTINGS)).toEqual({ pending: [], givenUp: [] });
  });

  it('all records from the lowest failure on come again, those that succeeded too', () => {
    expect(planNext(batch([1, 2, 3, 4]), 2, true, SETTINGS)).toEqual({ pending: [batch([3, 4], 1)], givenUp: [] });
  });

  it('a batch that fails as a whole is halved, and that counts as no retry', () => {
    expect(planNext(batch([1, 2, 3], 1), 0, false, SETTINGS)).toEqual({
      pending: [batch([1, 2], 1), batch([3], 1)],
      givenUp: [],
    });
  });

  it('a batch that fails as a whole comes again whole where the source does not bisect', () => {
    const next = planNext(batch([1, 2, 3]), 0, false, { ...SETTINGS, bisects: false });

    expect(next).toEqual({ pending: [batch([1, 2, 3], 1)], givenUp: [] });
  });

  it('a record is given up after the retries, the first try not counted', () => {
    expect(planNext(batch([1], 1), 0, true, SETTINGS)).toEqual({ pending: [batch([1], 2)], givenUp: [] });
    expect(planNext(batch([1], 2), 0, true, SETTINGS)).toEqual({ pending: [], givenUp: [1] });
  });

  it('no record is given up without a bound', () => {
    const next = planNext(batch([1], 10_000), 0, true, { ...SETTINGS, maxRetryAttempts: -1 });

    expect(next).toEqual({ pending: [batch([1], 10_001)], givenUp: [] });
  });
});
