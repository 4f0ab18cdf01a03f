import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { LocalEngine } from '../../../shared/executor/local-engine.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { HandlerRegistry } from '../../../shared/nodes/handler-registry.ts';
import { Logger } from '../../../shared/observability/logger.ts';
import { aTask } from '../../support/factories.ts';

const shaky = { isDown: true };
const handlers = new HandlerRegistry([
  defineNode({ type: 'test.behave', execute: (value: unknown) => value }),
  defineNode({
    type: 'test.shaky',
    execute: () => {
      if (shaky.isDown) throw new Error('It is down');
      return 'up';
    },
  }),
]);

describe('the local twin with results in several partitions', () => {
  it.each(['eager', 'stream'] as const)('fails, is redriven and ends as with one (%s)', async (advance) => {
    shaky.isDown = true;
    const engine = new LocalEngine({
      ...{ database: ':memory:', config: { maxParallelNodes: 20 }, handlers, pools: {}, advance },
      ...{ clock: systemClock, logger: new Logger({ write: () => undefined }), random: () => 0 },
      resultShards: () => 4,
    });
    const leaves = Array.from({ length: 12 }, (_, index) => `leaf${index}`);
    const nodes = {
      ...Object.fromEntries(leaves.map((leaf) => [leaf, aTask()])),
      each: { type: 'map' as const, handler: 'test.behave', items: '{% [1..9] %}', chunkSize: 2 },
      last: { handler: 'test.shaky', dependsOn: ['each', ...leaves] },
    };

    const { executionId } = await engine.start({ definition: { name: 'spread', nodes }, input: 'x' });
    await engine.untilAtRest(executionId);
    const failed = await engine.describe(executionId);
    shaky.isDown = false;
    await engine.redrive(executionId);
    await engine.untilAtRest(executionId);
    const ended = await engine.describe(executionId);
    const { results } = await engine.results(executionId);
    await engine.close();

    expect([failed.status, ended.status]).toEqual(['FAILED', 'SUCCEEDED']);
    expect(new Set(results.map(({ nodeId }) => nodeId))).toEqual(new Set(Object.keys(nodes)));
  });
});
