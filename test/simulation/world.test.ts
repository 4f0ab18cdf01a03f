import { describe, expect, it } from 'vitest';
import { START_WATCH_KEY } from '../../shared/store/keys.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { Client } from './client.ts';
import { workloadScenario } from './workloads.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
const scenario = workloadScenario(
  { definition: { name: 'workload', nodes: { a: { handler: 'test.behave', input: { behaviour: { takesMs: 10 } } } } } },
  'eager',
);

/** A world after so long, or when its client is done with it; and when the watch of starts noted its mark in it. */
async function worldAfter(minutes: number, fill: (world: World) => void) {
  const marksMs: number[] = [];
  const world: World = new World({
    ...scenario,
    handlers: genericHandlers,
    onChange: ({ key }) => {
      if (key.pk === START_WATCH_KEY.pk) marksMs.push(world.loop.elapsedMs);
    },
  });
  fill(world);
  while (world.loop.elapsedMs < minutes * MINUTE_MS && (await world.loop.step()));
  return { movedAtMs: world.movedAtMs, marksMs };
}

describe('a world', () => {
  it('stands still while nobody but the sweep writes', async () => {
    const { movedAtMs, marksMs } = await worldAfter(40, () => undefined);

    expect(marksMs.length).toBeGreaterThan(1);
    expect(movedAtMs).toBe(0);
  });

  it('has moved when an execution or its figures last did', async () => {
    const { movedAtMs, marksMs } = await worldAfter(40, (world) => new Client(world, scenario, []));

    expect(movedAtMs).toBeGreaterThan(0);
    expect(movedAtMs).toBeLessThan(marksMs.at(-2) ?? 0);
  });
});
