import { describe, expect, it } from 'vitest';
import { ADVANCE, runsOfMode } from '../support/advance.ts';
import { runKills } from './kill-runs.ts';

const KILLS = Number(process.env.KILLS ?? runsOfMode(15));
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const NODES = Number(process.env.NODES ?? 1_000);

describe(`kill -9 of the local process at random (SEED=${SEED} KILLS=${KILLS} NODES=${NODES})`, () => {
  it('loses no result, changes none, counts none twice, and every execution ends as without', {
    timeout: 600_000,
  }, async () => {
    const figures = await runKills({ kills: KILLS, seed: SEED, nodes: NODES, workloads: 1, advance: ADVANCE });

    expect(figures.problems).toEqual([]);
    expect(figures).toMatchObject({ resultsLost: 0, resultsChanged: 0, countedTwice: 0 });
    expect(figures.completed).toBe(figures.executions);
    expect(figures.kills).toBeGreaterThanOrEqual(KILLS);
  });
});
