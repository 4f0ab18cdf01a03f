import { describe, expect, it } from 'vitest';
import { ADVANCE, runsOfMode } from '../support/advance.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { runStackKills } from './stack-kills.ts';

const KILLS = Number(process.env.STACK_KILLS ?? runsOfMode(8));
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const NODES = Number(process.env.STACK_NODES ?? 300);

describe.skipIf(!canRunEmulators())(
  `workers killed at random on the AWS twin (SEED=${SEED} STACK_KILLS=${KILLS} STACK_NODES=${NODES})`,
  () => {
    it('lose no result, tell none twice, and every execution ends as the specification says', {
      timeout: 600_000,
    }, async () => {
      const figures = await runStackKills({
        kills: KILLS,
        seed: SEED,
        nodes: NODES,
        checksMetrics: false,
        advance: ADVANCE,
      });

      expect(figures.problems).toEqual([]);
      expect(figures.completed).toBe(figures.executions);
      expect(figures.kills).toBe(KILLS);
    });
  },
);
