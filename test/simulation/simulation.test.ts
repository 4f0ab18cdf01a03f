import { describe, expect, it } from 'vitest';
import { enumerateCrashes } from './crash-points.ts';
import { FAULT_KINDS } from './faults.ts';
import { shrink } from './shrink.ts';
import { REACHED, type Report, replayOf, simulate } from './simulate.ts';
import { workloadScenarios } from './workloads.ts';

const SEEDS = Number(process.env.SEEDS ?? 300);
/** A seed that fails is run again, with its history, by `npm run simulate -- --seed N`. */
const FROM = Number(process.env.FROM ?? 1);

describe('the functions of the stack on simulated time', () => {
  it('are run at all', () => {
    expect(SEEDS).toBeGreaterThan(0);
    expect(FROM).toBeGreaterThanOrEqual(0);
  });

  it(`keep their promises whatever goes wrong (${SEEDS} seeds from ${FROM})`, { timeout: 600_000 }, async () => {
    const failed: string[] = [];
    const never = new Set<string>([...Object.keys(FAULT_KINDS), ...Object.keys(REACHED)]);

    for (let seed = FROM; seed < FROM + SEEDS; seed++) {
      const { violations, faults, reached } = await simulate(seed);
      if (violations.length > 0) failed.push(`${replayOf(seed)}: ${violations[0]}`);
      for (const { kind } of faults) never.delete(kind);
      for (const [name, count] of Object.entries(reached)) if (count > 0) never.delete(name);
    }

    expect(failed).toEqual([]);
    if (SEEDS >= 300) expect([...never]).toEqual([]);
  });

  it('do the same each time, to the last line of their history', async () => {
    const traceOf = async (seed: number) => {
      const lines: string[] = [];
      const report = await simulate(seed, { onTrace: (line) => lines.push(line) });
      return { lines, report };
    };

    for (const seed of [3, 24, 61, 92, 287]) {
      const first = await traceOf(seed);

      expect(first.lines.length).toBeGreaterThan(50);
      expect(await traceOf(seed)).toEqual(first);
    }
  });

  it('do the same with exactly the faults and controls that their seed drew', async () => {
    for (const seed of [3, 24, 61, 92, 287]) {
      const drawn = await simulate(seed);

      const given = await simulate(seed, {
        exactly: new Set([...drawn.faults.map(({ id }) => id), ...drawn.controls]),
      });

      expect(given).toEqual(drawn);
    }
  });
});

describe.each([...workloadScenarios()])('%s', (_name, scenario) => {
  it('ends well although a process dies before or after any of its calls', { timeout: 120_000 }, async () => {
    const { calls, points, failed } = await enumerateCrashes(scenario);

    expect(failed).toEqual([]);
    expect(calls).toBeGreaterThan(20);
    expect(points).toBe(2 * calls);
  });
});

describe('a failing run', () => {
  it('names the command that runs it again, with how executions were made to advance', () => {
    expect(replayOf(7)).toBe('npm run simulate -- --seed 7');
    expect(replayOf(7, 'eager')).toBe('npm run simulate -- --seed 7 --advance eager');
  });

  const aReport = (ids: readonly string[], violations: readonly string[]): Report => ({
    seed: 1,
    violations,
    faults: ids.map((id, index) => ({ id, kind: 'callFails', atMs: index, what: id })),
    controls: [],
    steps: 1,
    virtualMs: 1,
    executions: 1,
    reached: { tooOld: 0, triedTooOften: 0, unsettled: 0, told: 0, toldTwice: 0 },
    maxHandling: 1,
  });

  it('is shrunk to the faults without which it does not fail', async () => {
    const all = Array.from({ length: 40 }, (_, index) => `fault ${index}`);
    const run = async (exactly: ReadonlySet<string>) =>
      aReport([...exactly], exactly.has('fault 7') && exactly.has('fault 31') ? ['broken'] : []);

    const { report } = await shrink(aReport(all, ['broken']), run);

    expect(report.faults.map(({ id }) => id)).toEqual(['fault 7', 'fault 31']);
  });
});
