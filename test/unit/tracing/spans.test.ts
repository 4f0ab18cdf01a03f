import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { sleep } from '../../../shared/ports/clock.ts';
import type { Item } from '../../../shared/ports/item-table.ts';
import { VirtualClock } from '../../../shared/testing/virtual-clock.ts';
import { toSpans } from '../../../shared/tracing/to-spans.ts';
import { aMap, aTask, aTransform } from '../../support/factories.ts';
import { aChange, aMeta, aResult } from '../../support/factories-observability.ts';
import { anError } from '../../support/factories-runner.ts';
import { aTracedExecutor, essence, idOf, millisOf, named } from '../../support/traced-executor.ts';

const names = (spans: readonly ReadableSpan[]): string[] => spans.map(({ name }) => name).toSorted();
const failing = (times: number) => {
  let calls = 0;
  return defineNode({
    type: 'flaky',
    execute: () => {
      if (++calls <= times) throw anError('Flaky');
      return 'done';
    },
  });
};

describe('the spans of an execution', () => {
  it('are one trace: each node under the execution, with its type, sizes, attempt and success', async () => {
    const shout = defineNode({ type: 'shout', execute: (text: string) => `${text.toUpperCase()}é` });
    const { execute, spans, close } = aTracedExecutor({ handlers: [shout] });

    const result = await execute(
      { a: aTransform({ output: '{% $input.name %}' }), b: aTask({ handler: 'shout', dependsOn: ['a'] }) },
      { name: 'ada' },
    );
    const exported = await spans();

    expect(names(exported)).toEqual(['execution', 'node_a', 'node_b']);
    const execution = essence(named(exported, 'execution'));
    expect(execution).toMatchObject({ traceId: result.traceId, parent: undefined });
    expect(execution.attributes).toEqual({
      success: true,
      input_size: '{"name":"ada"}'.length,
      output_size: Buffer.byteLength('"ADAé"'),
      'fanjoin.execution_id': result.executionId,
      'fanjoin.workflow': 'a-workflow',
      'fanjoin.status': 'SUCCEEDED',
      'fanjoin.run': 1,
      'fanjoin.nodes': 2,
    });
    const node = essence(named(exported, 'node_b'));
    expect(node).toMatchObject({
      traceId: result.traceId,
      parent: execution.id,
      status: { code: SpanStatusCode.UNSET },
    });
    expect(node.attributes).toEqual({
      node_type: 'task',
      input_size: '"ada"'.length,
      output_size: Buffer.byteLength('"ADAé"'),
      success: true,
      attempt: 1,
      'fanjoin.execution_id': result.executionId,
      'fanjoin.run': 1,
      'fanjoin.visit': 1,
      'fanjoin.handler': 'shout',
      'fanjoin.source': 'handler',
      'fanjoin.queue_delay_ms': 0,
    });
    expect(named(exported, 'node_b').kind).toBe(SpanKind.CONSUMER);
    expect(essence(named(exported, 'node_a')).attributes).toMatchObject({ node_type: 'transform', success: true });
    await close();
  });

  it('take as long as what they tell of', async () => {
    const clock = new VirtualClock();
    const slow = defineNode({ type: 'slow', execute: () => sleep(clock, 5_000) });
    const { execute, spans, close } = aTracedExecutor({ clock, handlers: [slow] });

    await execute({ a: aTask({ handler: 'slow' }), b: aTask({ handler: 'slow', dependsOn: ['a'] }) });
    const exported = await spans();

    expect(exported.map((span) => [span.name, millisOf(span.duration)])).toEqual([
      ['execution', 10_000],
      ['node_a', 5_000],
      ['node_b', 5_000],
    ]);
    await close();
  });

  it('say how long a node waited for its turn, apart from how long it took', async () => {
    const clock = new VirtualClock();
    const slow = defineNode({ type: 'slow', execute: () => sleep(clock, 5_000) });
    const { execute, spans, close } = aTracedExecutor({ clock, handlers: [slow], pools: { single: { size: 1 } } });

    await execute({ a: aTask({ handler: 'slow', pool: 'single' }), b: aTask({ handler: 'slow', pool: 'single' }) });
    const nodes = (await spans()).filter(({ name }) => name !== 'execution');

    expect(nodes.map((span) => [span.attributes['fanjoin.queue_delay_ms'], millisOf(span.duration)])).toEqual([
      [0, 5_000],
      [5_000, 5_000],
    ]);
    await close();
  });

  it('show each attempt of a retried node, and none of them waits for longer than its message', async () => {
    const { execute, spans, close } = aTracedExecutor({ handlers: [failing(2)] });

    await execute({ a: aTask({ handler: 'flaky', retry: { maxRetries: 2, intervalSeconds: 10 } }) });
    const attempts = (await spans()).filter(({ name }) => name === 'node_a');

    expect(attempts.map(({ attributes: { attempt, success } }) => [attempt, success])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(attempts.map(({ status }) => status)).toEqual([
      { code: SpanStatusCode.ERROR, message: 'Flaky' },
      { code: SpanStatusCode.ERROR, message: 'Flaky' },
      { code: SpanStatusCode.UNSET },
    ]);
    expect(attempts.map(({ attributes }) => attributes['fanjoin.queue_delay_ms'])).toEqual([0, 0, 0]);
    expect(new Set(attempts.map(idOf)).size).toBe(3);
    await close();
  });

  it('are exported of a failure too, by the name of its error and without a word of its message', async () => {
    const secret = defineNode({
      type: 'secret',
      execute: () => {
        throw new TypeError('the card 4111-1111 is refused');
      },
    });
    const { execute, spans, close } = aTracedExecutor({ handlers: [secret] });

    const result = await execute({ a: aTask({ handler: 'secret' }) }, { card: '4111-1111' });
    const exported = await spans();

    const failed = { code: SpanStatusCode.ERROR, message: 'TypeError' };
    expect(result.status).toBe('FAILED');
    expect(essence(named(exported, 'execution'))).toMatchObject({
      status: failed,
      attributes: { success: false, 'fanjoin.status': 'FAILED', 'fanjoin.failed_node': 'a', 'error.type': 'TypeError' },
    });
    expect(essence(named(exported, 'node_a'))).toMatchObject({ status: failed, attributes: { success: false } });
    expect(JSON.stringify(exported.map(essence))).not.toContain('4111');
    await close();
  });

  it('are exported of an execution that times out, and of the handler that outlived it', async () => {
    const never = defineNode({ type: 'never', execute: () => new Promise(() => undefined) });
    const { execute, spans, close } = aTracedExecutor({ handlers: [never] });

    const result = await execute({ a: aTask({ handler: 'never', timeoutSeconds: 600 }) }, null, {
      config: { timeoutSeconds: 5 },
    });
    const exported = await spans();

    expect(result.status).toBe('TIMED_OUT');
    expect(essence(named(exported, 'execution')).attributes).toMatchObject({ 'fanjoin.status': 'TIMED_OUT' });
    expect(millisOf(named(exported, 'node_a').duration)).toBe(15_000);
    await close();
  });

  it('show a map as a whole and each of its chunks, and nothing of a node that was skipped', async () => {
    const double = defineNode({ type: 'double', execute: (n: number) => 2 * n });
    const { execute, spans, close } = aTracedExecutor({ handlers: [double] });

    await execute(
      { m: aMap({ handler: 'double', chunkSize: 2 }), s: aTask({ handler: 'double', runIf: '{% false %}' }) },
      [1, 2, 3],
    );
    const maps = (await spans()).filter(({ name }) => name !== 'execution');

    expect(maps.map(({ name, attributes }) => [name, attributes['fanjoin.chunk'], attributes.input_size])).toEqual(
      expect.arrayContaining([
        ['node_m', undefined, '[1,2,3]'.length],
        ['node_m', 0, '[1,2]'.length],
        ['node_m', 1, '[3]'.length],
      ]),
    );
    expect(maps).toHaveLength(3);
    expect(maps.find(({ attributes }) => attributes['fanjoin.chunk'] === 0)?.attributes).toMatchObject({
      node_type: 'map',
      output_size: '[2,4]'.length,
      success: true,
    });
    await close();
  });

  it('show what an earlier success or a fallback stood in for', async () => {
    const instead = defineNode({ type: 'instead', execute: () => 1 });
    const { execute, spans, close } = aTracedExecutor({ handlers: [failing(99), instead] });

    await execute({ a: aTask({ handler: 'flaky', fallback: { handler: 'instead' } }) });

    expect(essence(named(await spans(), 'node_a')).attributes).toMatchObject({
      success: true,
      'fanjoin.source': 'fallback',
      'fanjoin.absorbed_error': 'Flaky',
    });
    await close();
  });

  it('of a redrive are in the same trace, under an execution of their own that is linked with the first', async () => {
    const { executor, execute, ended, spans, close } = aTracedExecutor({ handlers: [failing(1)] });
    const { executionId, traceId } = await execute({ a: aTask({ handler: 'flaky' }) });
    const [first] = (await spans()).filter(({ name }) => name === 'execution');

    const handle = executor.get(executionId);
    await ended(handle.redrive());
    await ended(handle.result());
    const exported = await spans();

    const second = exported.filter(({ name }) => name === 'execution')[1];
    expect(second?.spanContext().traceId).toBe(traceId);
    expect(second?.links.map(({ context }) => context.spanId)).toEqual([first && idOf(first)]);
    const nodes = exported.filter(({ name }) => name === 'node_a');
    expect(nodes.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      [first, second].map((span) => span && idOf(span)),
    );
    expect(new Set(exported.map(idOf)).size).toBe(4);
    await close();
  });

  it('of an execution that goes on from a checkpoint are in the trace of the one it left', async () => {
    const { clock, executor, ended, spans, close } = aTracedExecutor({ handlers: [failing(0)] });
    const definition = { name: 'two', nodes: { a: { handler: 'flaky' }, b: { handler: 'flaky', dependsOn: ['a'] } } };
    const handle = await executor.start(definition, null, {
      config: { enableCheckpoints: true, traceExecution: true },
    });
    await handle.pause({ before: 'b' });
    const { checkpointId = '' } = await ended(handle.result());
    await handle.cancel();
    await ended(handle.result());
    await clock.pass(1_000);

    const fork = await executor.resumeCheckpoint(checkpointId);
    const result = await ended(fork.result());
    const exported = await spans();

    const [left, forked] = exported.filter(({ name }) => name === 'execution');
    expect(forked?.attributes).toMatchObject({ 'fanjoin.checkpoint_id': checkpointId, success: true });
    expect(forked?.spanContext().traceId).toBe(left?.spanContext().traceId);
    expect(result.traceId).toBe(left?.spanContext().traceId);
    expect(forked?.links.map(({ context }) => context.spanId)).toEqual([left && idOf(left)]);
    // What it stands on ran in the other, and is seen there.
    expect(names(exported)).toEqual(['execution', 'execution', 'node_a', 'node_b']);
    await close();
  });

  it('of an output that is reused say whose it is', async () => {
    const { execute, spans, close } = aTracedExecutor({ handlers: [failing(0)] });
    const nodes = { a: aTask({ handler: 'flaky' }) };
    const first = await execute(nodes, 1, { cache: {} });

    await execute(nodes, 1, { cache: {} });

    const executions = (await spans()).filter(({ name }) => name === 'execution');
    expect(executions.map(({ attributes }) => attributes['fanjoin.cached_from'])).toEqual([
      undefined,
      first.executionId,
    ]);
    await close();
  });

  it('are with the exporter when execute resolves, and the rest when the executor is closed', async () => {
    const exporter = new InMemorySpanExporter();
    const executor = new WorkflowExecutor({
      config: { traceExecution: true },
      tracing: { exporter },
      handlers: [failing(0)],
    });
    const definition = { name: 'short', nodes: { a: { handler: 'flaky' } } };
    const ofExecution = (id: string) =>
      names(exporter.getFinishedSpans().filter(({ attributes }) => attributes['fanjoin.execution_id'] === id));

    const { executionId } = await executor.execute(definition, null);
    expect(ofExecution(executionId)).toEqual(['execution', 'node_a']);
    const handle = await executor.start(definition, null);
    await handle.result();
    await executor.close();
    expect(ofExecution(handle.executionId)).toEqual(['execution', 'node_a']);
  });

  it('are told by the first write alone of what is written once, and by an end alone of an execution', () => {
    const trace = { traceId: 'a'.repeat(32), nodeType: 'task', queueDelayMs: 0 };
    const result = { ...aResult(), trace };
    const meta = aMeta({ trace: { traceId: trace.traceId, isSampled: true, nodes: 1 } });
    const ended = { ...meta, status: 'SUCCEEDED', endedAtMs: 2_000 };
    const told = (after: Item, before?: Item) =>
      toSpans(aChange(after, before === undefined ? {} : { before })).map(({ name }) => name);

    expect(told(result)).toEqual(['node_pack']);
    expect(told(result, result)).toEqual([]);
    expect(told(meta)).toEqual([]);
    expect(told(ended, meta)).toEqual(['execution']);
    expect(told(ended, ended)).toEqual([]);
  });

  it('are none where traceExecution is off, though there is an exporter', async () => {
    const { execute, spans, close } = aTracedExecutor({ config: {}, handlers: [failing(0)] });

    const result = await execute({ a: aTask({ handler: 'flaky' }) });

    expect(result.traceId).toBeUndefined();
    expect(await spans()).toEqual([]);
    await close();
  });
});
