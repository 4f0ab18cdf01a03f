import { describe, expect, it } from 'vitest';
import { checkRows, type RanTest, readRows } from '../../support/reference-rows.ts';

const aTable = (...tests: string[]) =>
  [
    '| Reference | Here | Tests |',
    '| --- | --- | --- |',
    ...tests.map((cell, n) => `| row${n} | ours | ${cell} |`),
  ].join('\n');

const aTest = (twin: string, overrides: Partial<RanTest> = {}): RanTest => ({
  file: 'test/reference/map.test.ts',
  path: [twin, 'keeps the order'],
  state: 'passed',
  ...overrides,
});

const check = (table: string, ran: readonly RanTest[], isAwsSkipped = false) =>
  checkRows(readRows(table), ran, { isAwsSkipped });

const MAP = '`map.test.ts › keeps the order`';
const CLI = '`e2e/cli.test.ts › prints it`';
const cliTest = (state: RanTest['state']): RanTest => ({
  file: 'test/e2e/cli.test.ts',
  path: ['the command line', 'prints it'],
  state,
});

describe('a row', () => {
  it('that names a test which passed on both twins holds', () => {
    expect(check(aTable(MAP), [aTest('local'), aTest('aws')])).toEqual([]);
  });

  it('may name several tests; each must hold', () => {
    const problems = check(aTable(`${MAP}<br>\`map.test.ts › is gone\``), [aTest('local'), aTest('aws')]);

    expect(problems).toEqual(["line 3, row0: 'test/reference/map.test.ts › is gone' does not exist"]);
  });

  it('without a test is open', () => {
    expect(check(aTable('in the works'), [])).toEqual(['line 3, row0: is open: it names no test']);
  });

  it('whose test does not exist, or lies in another file, is found', () => {
    const elsewhere = { file: 'test/reference/cache.test.ts' };

    expect(check(aTable(MAP), [aTest('local', elsewhere), aTest('aws', elsewhere)])).toEqual([
      "line 3, row0: 'test/reference/map.test.ts › keeps the order' does not exist",
    ]);
  });

  it('whose test ran on one twin is found', () => {
    expect(check(aTable(MAP), [aTest('local')])).toEqual([
      "line 3, row0: 'test/reference/map.test.ts › keeps the order' did not run on the twin 'aws'",
    ]);
  });

  it.each(['failed', 'skipped', 'pending'] as const)('whose test has %s on one twin is found', (state) => {
    expect(check(aTable(MAP), [aTest('local'), aTest('aws', { state })])).toEqual([
      `line 3, row0: 'test/reference/map.test.ts › keeps the order' did not pass: aws › keeps the order was ${state}`,
    ]);
  });

  it('of which AWS was skipped holds where that twin cannot run, and only there', () => {
    const ran = [aTest('local'), aTest('aws', { state: 'skipped' })];

    expect(check(aTable(MAP), ran, true)).toEqual([]);
    expect(check(aTable(MAP), [aTest('local', { state: 'failed' }), ran[1] ?? aTest('aws')], true)).toHaveLength(1);
  });

  it('may name a test of one side if it says why, and that test must pass too', () => {
    expect(check(aTable(`${CLI} (one-sided: it is one program)`), [cliTest('passed')])).toEqual([]);
    expect(check(aTable(`${CLI} (one-sided: it is one program)`), [cliTest('failed')])).toHaveLength(1);
    expect(check(aTable(CLI), [cliTest('passed')])).toEqual([
      "line 3, row0: 'test/e2e/cli.test.ts › prints it' runs on one twin; say why with (one-sided: …)",
    ]);
  });
});

describe('rows', () => {
  it('are those of tables with a column of tests, and no others', () => {
    const markdown = ['# Title', '', '| Field | Default |', '| --- | --- |', '| a | b |', '', aTable(MAP, '—')].join(
      '\n',
    );

    expect(readRows(markdown).map(({ line, about, tests }) => [line, about, tests.length])).toEqual([
      [9, 'row0', 1],
      [10, 'row1', 0],
    ]);
  });

  it('may hold a | in a cell, escaped', () => {
    const [row] = readRows(aTable(`a \\| b ${MAP}`));

    expect(row?.tests).toEqual([{ file: 'test/reference/map.test.ts', name: 'keeps the order' }]);
  });
});
