import { describe, expect, it } from 'vitest';
import { clearBit, setBit } from '../../shared/core/bits.ts';
import type { Advance } from '../../shared/model/config.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { StateItem } from '../../shared/model/items.ts';
import type { Json } from '../../shared/model/json.ts';
import type { GraphState, RouteState } from '../../shared/model/state.ts';
import { stateKey } from '../../shared/store/keys.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { Client } from './client.ts';
import { rebuiltProblems } from './rebuilt.ts';
import { ADVANCES } from './scenario.ts';
import { type Workload, workloadScenario } from './workloads.ts';
import { World } from './world.ts';

const executionId = ExecutionId.parse('x1');
const node = (takesMs: number, more: { readonly [field: string]: Json } = {}): Json => ({
  handler: 'test.behave',
  ...more,
  input: { behaviour: { takesMs } },
});

/** `b` and `c` end together, so that neither sees the other and the scheduler has to send `d`, which takes long. */
const diamond: Workload = {
  definition: {
    name: 'workload',
    nodes: {
      a: node(10),
      b: node(32, { dependsOn: ['a'] }),
      c: node(10, { dependsOn: ['a'] }),
      d: node(30_000, { dependsOn: ['b', 'c'] }),
    },
  },
};
const route: Workload = {
  definition: {
    name: 'workload',
    strategy: 'conditional',
    nodes: { a: node(10, { next: 'b' }), b: node(30_000) },
  },
  // So that the state of an eager execution, too, knows of `a`.
  controls: [{ kind: 'pauseBefore', atMs: 2_000, choice: 0 }],
};

/** The last node runs, and all records were handled. */
async function inTheMiddle(workload: Workload, advance: Advance) {
  const scenario = workloadScenario(workload, advance);
  const world = new World({ ...scenario, handlers: genericHandlers });
  new Client(world, scenario, scenario.controls);
  while (world.loop.elapsedMs < 10_000) await world.loop.step();
  const plan = scenario.plans.get('workload');
  if (plan === undefined) throw new Error('There is no plan');
  const { table, blobs } = world;
  const clock = { nowMs: () => world.loop.nowMs, after: () => () => undefined };
  return {
    problems: () => rebuiltProblems({ table, blobs, clock, plan }, executionId),
    /** Saves another state than the one that is so. */
    tamper(change: (state: GraphState & RouteState) => void): void {
      const item = table.get(stateKey(executionId));
      const state = structuredClone(StateItem.parse(item).state);
      change(state as GraphState & RouteState);
      table.put({ ...stateKey(executionId), ...item, state });
    },
  };
}

describe.each(ADVANCES)('what is known of an execution in the middle (%s)', (advance) => {
  it('is what its results tell', async () => {
    const graph = await inTheMiddle(diamond, advance);
    const position = await inTheMiddle(route, advance);

    expect(await graph.problems()).toEqual([]);
    expect(await position.problems()).toEqual([]);
  });

  it.each<[string, (state: GraphState) => void]>([
    ['forgets what it was told', ({ succeeded }) => clearBit(succeeded, 1)],
    ['forgets what came before what it knows', ({ succeeded }) => clearBit(succeeded, 0)],
    [
      'forgets what it sent',
      ({ dispatched, ready }) => {
        clearBit(dispatched, 3);
        setBit(ready, 3);
      },
    ],
    ['calls settled what is not', ({ succeeded }) => setBit(succeeded, 3)],
    ['calls failed what is not', ({ failed }) => setBit(failed, 3)],
    ['calls skipped what is not', ({ skipped }) => setBit(skipped, 3)],
    ['is paused', (state) => (state.paused = true)],
    ['has a pause point nobody set', (state) => state.pausePoints.push(3)],
  ])('is noticed if it %s', async (_name, change) => {
    const { problems, tamper } = await inTheMiddle(diamond, advance);

    tamper(change);

    expect(await problems()).not.toEqual([]);
  });

  it.each<[string, (state: RouteState) => void]>([
    ['stands where the route has gone on', (state) => (state.position = { node: 0, visit: 1, isDispatched: true })],
    ['has entered a node too often', (state) => (state.visits['1'] = 2)],
    ['is where the route never was', (state) => (state.position = { node: 1, visit: 7, isDispatched: true })],
  ])('is noticed if it %s', async (_name, change) => {
    const { problems, tamper } = await inTheMiddle(route, advance);

    tamper(change);

    expect(await problems()).not.toEqual([]);
  });
});
