import { describe, expect, it } from 'vitest';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { type Clock, sleep } from '../../shared/ports/clock.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import type { FaultPlan } from '../simulation/faults.ts';
import { NO_FAULTS } from '../simulation/faults.ts';
import { simulateScenario } from '../simulation/simulate.ts';
import { workloadScenario } from '../simulation/workloads.ts';
import { ADVANCE } from '../support/advance.ts';
import { aMap, aTask } from '../support/factories.ts';
import { Random } from '../support/random-workflow-source.ts';

const COUNT = 500;
const LIMIT = 7;

const DISTURBED: FaultPlan = {
  rates: {
    callFails: 0.02,
    answerLost: 0.02,
    messageTwice: 0.1,
    messageLate: 0.1,
    batchTwice: 0.1,
    visibilityEnds: 0.05,
  },
  budget: 120,
  // A message hidden for its visibility timeout holds its slot; after that all seven must be had again.
  untilMs: 60_000,
};
const config = { maxParallelNodes: LIMIT, timeoutSeconds: 86_400 };
const behaviours = (count: number) => Array.from({ length: count }, () => ({ takesMs: 10_000 }));
const behaving = { handler: 'test.behave', itemInput: { behaviour: '{% $item %}', received: '{% $index %}' } };

const independent = (node: Parameters<typeof aTask>[0]) => ({
  name: 'independent',
  config,
  nodes: Object.fromEntries(Array.from({ length: COUNT }, (_, index) => [`n${index}`, aTask(node)])),
});
const mapped = (node: Parameters<typeof aMap>[0]) => ({
  name: 'mapped',
  config,
  nodes: {
    m: aMap({ ...node, items: '{% $input.items.m %}' }),
    other: aMap({ ...node, items: '{% $input.items.other %}' }),
  },
});
const input = { items: { m: behaviours(COUNT), other: behaviours(20) } };

/** A handler that takes a while, and counts how many of it run. */
function measured(clock: Clock, longestMs = 5) {
  const random = new Random(1);
  const running = { now: 0, most: 0, calls: 0 };
  const handler = defineNode({
    type: 'measured',
    async execute() {
      running.calls++;
      running.most = Math.max(running.most, ++running.now);
      await sleep(clock, random.int(1, longestMs));
      running.now--;
    },
  });
  return { running, handler };
}

describe.each([
  [
    '500 independent nodes',
    independent({ handler: 'test.behave', input: { behaviour: { takesMs: 10_000 } } }),
    independent({ handler: 'measured' }),
    COUNT,
  ],
  ['a map of 500 items beside another', mapped(behaving), mapped({ handler: 'measured' }), COUNT + 20],
])('%s at maxParallelNodes 7', (_what, simulated, definition, count) => {
  it.each([
    ['undisturbed', NO_FAULTS],
    ['although messages repeat, calls fail', DISTURBED],
  ])(
    'never have 8 unsettled at once on the functions of the stack, and do have 7, %s',
    { timeout: 120_000 },
    async (_how, faults) => {
      const scenario = {
        ...workloadScenario({ definition: simulated, input }, ADVANCE),
        faults,
        maxConcurrency: 50,
        lanes: 2,
      };

      const { violations, maxHandling } = await simulateScenario(scenario);

      expect(violations).toEqual([]);
      expect(maxHandling).toBe(LIMIT);
    },
  );

  it('never run 8 at once in the local engine, and do run 7', async () => {
    const clock = new VirtualClock();
    const { running, handler } = measured(clock);
    await using executor = new WorkflowExecutor({ handlers: [handler], clock, advance: ADVANCE });
    let result: { status: string } | undefined;

    void executor.execute(definition as DefinitionInput, input).then((ended) => {
      result = ended;
    });
    await clock.runUntil(() => result !== undefined);

    expect({ status: result?.status, running }).toEqual({
      status: 'SUCCEEDED',
      running: { now: 0, most: LIMIT, calls: count },
    });
  });
});
