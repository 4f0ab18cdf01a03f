import { describe, expect, it } from 'vitest';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { type Clock, sleep } from '../../shared/ports/clock.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { runOnTwin } from '../support/agreement.ts';
import { aMap, aTask } from '../support/factories.ts';
import { Random } from '../support/random-workflow-source.ts';

const COUNT = 500;
const LIMIT = 7;

const independent = {
  name: 'independent',
  config: { maxParallelNodes: LIMIT, timeoutSeconds: 86_400 },
  nodes: Object.fromEntries(Array.from({ length: COUNT }, (_, index) => [`n${index}`, aTask({ handler: 'measured' })])),
} as DefinitionInput;
const mapped = {
  name: 'mapped',
  config: { maxParallelNodes: LIMIT, timeoutSeconds: 86_400 },
  nodes: {
    m: aMap({ handler: 'measured', items: `{% [1..${COUNT}] %}` }),
    other: aMap({ handler: 'measured', items: '{% [1..20] %}' }),
  },
} as DefinitionInput;

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
  ['500 independent nodes', independent, COUNT],
  ['a map of 500 items beside another', mapped, COUNT + 20],
])('%s at maxParallelNodes 7', (_what, definition, count) => {
  it('never run 8 at once, and do run 7', async () => {
    const clock = new VirtualClock();
    const { running, handler } = measured(clock);

    const { status, violations } = await runOnTwin(definition, [handler], null, { clock });

    expect({ status, violations, running }).toEqual({
      status: 'SUCCEEDED',
      violations: [],
      running: { now: 0, most: LIMIT, calls: count },
    });
  });

  it('never have 8 unsettled at once although messages repeat and calls fail, and do have 7', {
    timeout: 60_000,
  }, async () => {
    const clock = new VirtualClock();
    const { handler } = measured(clock, 10_000);
    const trouble = { callFails: 0.03, repeated: 0.1, delayed: 0.2 };

    const { status, violations, maxHandling } = await runOnTwin(definition, [handler], null, {
      clock,
      trouble,
      seed: 5,
      isDisturbed: true,
    });

    expect({ status, violations, maxHandling }).toEqual({ status: 'SUCCEEDED', violations: [], maxHandling: LIMIT });
  });

  it('never run 8 at once in the local engine, and do run 7', async () => {
    const clock = new VirtualClock();
    const { running, handler } = measured(clock);
    await using executor = new WorkflowExecutor({ handlers: [handler], clock });
    let result: { status: string } | undefined;

    void executor.execute(definition, null).then((ended) => {
      result = ended;
    });
    await clock.runUntil(() => result !== undefined);

    expect({ status: result?.status, running }).toEqual({
      status: 'SUCCEEDED',
      running: { now: 0, most: LIMIT, calls: count },
    });
  });
});
