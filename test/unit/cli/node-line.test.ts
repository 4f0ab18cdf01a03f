import { describe, expect, it } from 'vitest';
import { mapLine, nodeLine, settledItems } from '../../../cli/progress/node-line.ts';
import { PLAIN } from '../../../cli/text.ts';
import { aResult, attempts, PLAN } from './progress-fixtures.ts';

const options = { palette: PLAIN };
const declined = { name: 'CardDeclined', message: 'The card\nwas \u001b[31mdeclined\u001b[0m' };

describe('the line of an ended node', () => {
  it.each([
    ['✓ parse 12 ms', aResult('parse')],
    ['✓ check 322 items 12 ms', aResult('check'), 322],
    ['✓ wait #3 12 ms', aResult('wait', { visit: 3 })],
    ['✓ charge 12 ms (2 attempts)', aResult('charge', { attempts: attempts(2) })],
    [
      '✓ ship 12 ms (fallback after Error: no answer)',
      aResult('ship', { source: 'fallback', error: { name: 'Error', message: 'no answer' } }),
    ],
    [
      '✓ ship 12 ms (caught Error: no answer)',
      aResult('ship', { source: 'catch', error: { name: 'Error', message: 'no answer' } }),
    ],
    ['– refund skipped', aResult('refund', { status: 'SKIPPED' })],
    ['✗ charge failed: CardDeclined: The card was declined', aResult('charge', { status: 'FAILED', error: declined })],
    [
      '✗ charge failed after 3 attempts: CardDeclined: The card was declined',
      aResult('charge', { status: 'FAILED', error: declined, attempts: attempts(3) }),
    ],
  ])('%s', (line, result, items?: number) => {
    expect(nodeLine(result, { ...options, items })).toBe(line);
  });

  it('names are filled up, so that times stand below each other', () => {
    expect(nodeLine(aResult('parse'), { ...options, idWidth: 8 })).toBe('✓ parse    12 ms');
  });
});

describe('the items of a map that have come to their end', () => {
  const map = { items: 322, chunks: 13, settledChunks: 5, failedItems: 0 };

  it('are those of its settled chunks', () => {
    expect(settledItems('check', map, PLAN)).toBe(125);
    expect(mapLine('check', map, PLAN, options)).toBe('… check 125/322');
  });

  it('are all of them with the last chunk, which is smaller', () => {
    expect(settledItems('check', { ...map, settledChunks: 13 }, PLAN)).toBe(322);
  });

  it('are an estimate where the chunk size is not known', () => {
    expect(settledItems('check', map, undefined)).toBe(123);
  });

  it('that failed are said', () => {
    expect(mapLine('check', { ...map, failedItems: 1 }, PLAN, options)).toBe('… check 125/322 (1 item failed)');
  });
});
