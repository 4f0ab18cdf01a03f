import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Advance } from '../../shared/model/config.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { runOnTwin } from '../support/agreement.ts';
import type { Trouble } from '../support/faulty-queue.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { check } from '../support/oracle.ts';
import { randomWorkflow } from '../support/random-workflow.ts';

const RUNS = Number(process.env.RUNS ?? 300);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

const troubles: readonly Trouble[] = [
  { callFails: 0, repeated: 0, delayed: 0 },
  { callFails: 0, repeated: 0.2, delayed: 0.4 },
  { callFails: 0.05, repeated: 0.15, delayed: 0.3 },
  { callFails: 0.15, repeated: 0.05, delayed: 0.1 },
];

const aRun = fc.record({
  workflow: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  maxNodes: fc.integer({ min: 1, max: 14 }).map((nodes) => nodes),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  trouble: fc.constantFrom(...troubles),
  isDisturbed: fc.boolean(),
  advance: fc.constantFrom<Advance>('eager', 'stream'),
});

describe('random workflows', () => {
  it(`end as the oracle says, whatever is repeated, delayed, reordered or fails (SEED=${SEED} RUNS=${RUNS})`, {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(aRun, async ({ workflow, maxNodes, seed, trouble, isDisturbed, advance }) => {
        const { definition, input } = randomWorkflow(workflow, maxNodes);
        const clock = new VirtualClock();

        const { violations, ...result } = await runOnTwin(definition, genericHandlers(clock), input, {
          clock,
          seed,
          trouble,
          isDisturbed,
          advance,
        });

        expect([...violations, ...check(definition, input, result)]).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it(`end as the oracle says although they are cancelled and redriven (SEED=${SEED} RUNS=${RUNS})`, {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        aRun,
        fc.integer({ min: 1, max: 3 }),
        async ({ workflow, maxNodes, seed, trouble, advance }, interruptions) => {
          const { definition, input } = randomWorkflow(workflow, maxNodes);
          const clock = new VirtualClock();

          const { violations, ...result } = await runOnTwin(definition, genericHandlers(clock), input, {
            clock,
            seed,
            trouble,
            interruptions,
            advance,
          });

          expect([...violations, ...check(definition, input, result)]).toEqual([]);
        },
      ),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
