import { describe, expect, it } from 'vitest';
import { EventsUnavailableError } from '../../../shared/errors.ts';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../../shared/model/definition.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import type { ExecutionEvent } from '../../../shared/observability/execution-event.ts';
import { LifecycleEvent, lifecycleScope, toLifecycleEvent } from '../../../shared/observability/lifecycle-event.ts';
import { LifecycleEvents } from '../../../shared/observability/lifecycle-events.ts';
import { Logger } from '../../../shared/observability/logger.ts';
import { Observer } from '../../../shared/observability/observer.ts';
import { toEvents } from '../../../shared/observability/to-events.ts';
import type { ChangeRecord } from '../../../shared/ports/change-feed.ts';
import type { EventSink, OutgoingEvent, RefusedEvent } from '../../../shared/ports/event-sink.ts';
import { aChange, aMeta, anAttempt, aResult, aStore } from '../../support/factories-observability.ts';

const FACTS = { workflow: 'orders', startedAtMs: 1_000 };
const failedResult = aResult({ status: 'FAILED', error: { name: 'Declined', message: 'no', stack: 'at secret.ts:1' } });
const aChunkAttempt = anAttempt({ sk: 'ATTEMPT#pack#000001#0001#0000000#001', chunk: 0 });

/** As a consumer gets it: through JSON, in the envelope. */
function received(event: OutgoingEvent | undefined): LifecycleEvent {
  const { source, detailType, atMs, detail } = event ?? { source: 'none', detailType: '', atMs: 0, detail: {} };
  const envelope = { source, 'detail-type': detailType, time: new Date(atMs).toISOString(), detail };
  return LifecycleEvent.parse(JSON.parse(JSON.stringify(envelope)));
}

const lifecycleOf = (...changes: ChangeRecord[]) =>
  changes.flatMap(toEvents).map((event) => received(toLifecycleEvent(event, FACTS)));

describe('a lifecycle event', () => {
  it('says of an execution that it runs, and how it ended', () => {
    const started = aMeta();
    const error = { name: 'Declined', message: 'no', stack: 'at secret.ts:1' };
    const ended = aMeta({ status: 'FAILED', endedAtMs: 5_000, failedNode: 'charge', error });

    const events = lifecycleOf(aChange(started), aChange(ended, { before: started, sequence: '200' }));

    expect(events.map((event) => event['detail-type'])).toEqual(Array(2).fill('Fanjoin Execution Status Change'));
    expect(events.map(({ detail }) => detail)).toEqual([
      {
        id: 'execution-1/META#1#STARTED#1000',
        position: '100.0',
        executionId: 'execution-1',
        workflow: 'orders',
        run: 1,
        type: 'ExecutionStarted',
        status: 'RUNNING',
        atMs: 1_000,
        startedAtMs: 1_000,
      },
      {
        id: 'execution-1/META#1#ENDED#5000',
        position: '200.0',
        executionId: 'execution-1',
        workflow: 'orders',
        run: 1,
        type: 'ExecutionEnded',
        status: 'FAILED',
        atMs: 5_000,
        startedAtMs: 1_000,
        endedAtMs: 5_000,
        durationMs: 4_000,
        error: { name: 'Declined', message: 'no' },
        failedNode: 'charge',
      },
    ]);
  });

  it('tells a pause, a resume and a redrive by their types', () => {
    const paused = aMeta({ status: 'PAUSED', pausedAtMs: 2_000 });
    const resumed = aMeta({ pausedAtMs: 2_000, resumedAtMs: 3_000 });
    const failed = aMeta({ status: 'FAILED', endedAtMs: 4_000 });
    const redriven = aMeta({ run: 2, redrivenAtMs: 6_000 });

    const events = lifecycleOf(
      aChange(paused, { before: aMeta() }),
      aChange(resumed, { before: paused }),
      aChange(redriven, { before: failed }),
    );

    expect(events.map(({ detail: { type, status, run } }) => [type, status, run])).toEqual([
      ['ExecutionPaused', 'PAUSED', 1],
      ['ExecutionResumed', 'RUNNING', 1],
      ['ExecutionRedriven', 'RUNNING', 2],
    ]);
  });

  it('says of a node how it ended and how long it ran, and of its error no stack', () => {
    const [event] = lifecycleOf(aChange(failedResult));

    expect(event?.['detail-type']).toBe('Fanjoin Node Status Change');
    expect(event?.detail).toEqual({
      id: 'execution-1/RESULT#pack#000001#0001',
      position: '100.0',
      executionId: 'execution-1',
      workflow: 'orders',
      run: 1,
      type: 'NodeFailed',
      nodeId: 'pack',
      visit: 1,
      status: 'FAILED',
      attempts: 2,
      source: 'handler',
      atMs: 1_150,
      startedAtMs: 1_100,
      endedAtMs: 1_150,
      durationMs: 60,
      error: { name: 'Declined', message: 'no' },
    });
  });

  it('says of a node that is to be retried when that will be', () => {
    expect(lifecycleOf(aChange(anAttempt()))[0]?.detail).toMatchObject({
      status: 'RETRYING',
      attempts: 1,
      startedAtMs: 1_020,
      endedAtMs: 1_030,
      nextAttemptAtMs: 1_100,
    });
  });

  it('holds no payload', () => {
    const changes = [aChange(aMeta()), aChange(aResult()), aChange(failedResult), aChange(anAttempt())];

    expect(JSON.stringify(lifecycleOf(...changes))).not.toContain('secret');
  });

  it('is made of executions and failed nodes, and of any node if that was asked for', () => {
    const map = { ...aResult(), sk: 'MAP#pack#000001#0001', items: 2, chunks: 2, startedAtMs: 1_000 };
    const started = { ...aResult(), sk: 'STARTED#pack#000001#0001##001', attempt: 1, startedAtMs: 1_000 };
    const stopping = aMeta({ stop: { reason: 'CANCELLED', atMs: 2_000 } });
    const events = [
      aChange(aMeta()),
      aChange(stopping, { before: aMeta() }),
      ...[map, started, anAttempt(), aChunkAttempt, aResult(), aResult({ status: 'SKIPPED' }), failedResult].map(
        (item) => aChange(item),
      ),
    ].flatMap(toEvents);
    const scopes = Object.groupBy(events, (event) => lifecycleScope(event) ?? 'never');
    const types = (scope: 'executions' | 'nodes' | 'never') => scopes[scope]?.map(({ type }) => type);

    expect(types('executions')).toEqual(['ExecutionStarted', 'NodeFailed']);
    expect(types('nodes')).toEqual(['NodeStarted', 'NodeRetryScheduled', 'NodeSucceeded', 'NodeSkipped']);
    expect(types('never')).toEqual(['ExecutionStopping', 'MapPlanned', 'NodeRetryScheduled']);
  });

  it('is the same for an execution in this process, by its history', async () => {
    const definition: DefinitionInput = {
      name: 'local',
      nodes: { fine: { handler: 'fine' }, bad: { handler: 'bad', dependsOn: ['fine'] } },
    };
    const fine = defineNode({ type: 'fine', execute: () => 'secret' });
    const bad = defineNode({
      type: 'bad',
      execute: () => {
        throw new Error('broken');
      },
    });
    await using executor = new WorkflowExecutor({ handlers: [fine, bad] });

    const handle = await executor.start(definition, 'secret');
    const events: ExecutionEvent[] = [];
    for await (const event of handle.events()) events.push(event);
    const { startedAtMs } = await handle.describe();
    const told = events
      .filter((event) => lifecycleScope(event) === 'executions')
      .map((event) => received(toLifecycleEvent(event, { workflow: 'local', startedAtMs })));

    expect(told.map(({ detail }) => [detail.type, detail.status])).toEqual([
      ['ExecutionStarted', 'RUNNING'],
      ['NodeFailed', 'FAILED'],
      ['ExecutionEnded', 'FAILED'],
    ]);
    expect(told.every(({ detail }) => detail.id.startsWith(`${handle.executionId}/`))).toBe(true);
    expect(JSON.stringify(told)).not.toContain('secret');
  });
});

describe('what the observer puts on the bus', () => {
  function aLifecycle(parts: { nodeEvents?: boolean; put?: EventSink['put'] } = {}) {
    const opened = aStore();
    const { store } = opened;
    const puts: (readonly OutgoingEvent[])[] = [];
    const lines: string[] = [];
    const sink: EventSink = {
      put: async (events) => {
        puts.push(events);
        return parts.put?.(events) ?? [];
      },
    };
    const logger = new Logger({ write: (line) => lines.push(line) });
    const lifecycle = new LifecycleEvents({ store, sink, logger, nodeEvents: parts.nodeEvents ?? false });
    const observer = new Observer(store);
    const observe = async (...changes: ChangeRecord[]) => lifecycle.publish((await observer.handle(changes)).told);
    const types = () => puts.map((events) => events.map(({ detail }) => detail.type));
    return { ...opened, observe, puts, lines, types };
  }

  it('is one request for all executions of a batch', async () => {
    await using bus = aLifecycle();
    const other = aMeta({ pk: 'EXEC#execution-2', executionId: 'execution-2', workflow: 'other' });

    await bus.observe(aChange(aMeta()), aChange(other), aChange(failedResult));

    expect(bus.puts[0]?.map(({ detail }) => [detail.workflow, detail.type])).toEqual([
      ['orders', 'ExecutionStarted'],
      ['orders', 'NodeFailed'],
      ['other', 'ExecutionStarted'],
    ]);
    expect(bus.puts).toHaveLength(1);
  });

  it('names the workflow of a node whose META came in an earlier batch, or is read', async () => {
    await using remembering = aLifecycle();
    await using reading = aLifecycle();
    await reading.table.put(aMeta({ workflow: 'as-read' }));

    await remembering.observe(aChange(aMeta()));
    await remembering.observe(aChange(failedResult));
    await reading.observe(aChange(failedResult));

    expect(remembering.puts.at(-1)?.[0]?.detail.workflow).toBe('orders');
    expect(reading.puts.at(-1)?.[0]?.detail.workflow).toBe('as-read');
  });

  it('is nothing for a batch without anything to tell', async () => {
    await using bus = aLifecycle();

    await bus.observe(aChange(aResult()), aChange(anAttempt()));

    expect(bus.puts).toEqual([]);
  });

  it('is every node, if that was asked for', async () => {
    await using bus = aLifecycle({ nodeEvents: true });

    await bus.observe(aChange(aMeta()), aChange(anAttempt()), aChange(aChunkAttempt), aChange(aResult()));

    expect(bus.types()).toEqual([['ExecutionStarted', 'NodeRetryScheduled', 'NodeSucceeded']]);
  });

  it('comes again, with the same ids, when a batch does', async () => {
    await using bus = aLifecycle();
    const batch = [aChange(aMeta()), aChange(failedResult)];

    await bus.observe(...batch);
    await bus.observe(...batch);

    expect(bus.puts[1]).toEqual(bus.puts[0]);
  });

  it('is logged, and holds nothing up, if the bus never takes it', async () => {
    const refused: RefusedEvent = {
      event: { source: 's', detailType: 'T', atMs: 0, detail: { id: 'the-one' } },
      reason: 'MalformedDetail',
    };
    await using bus = aLifecycle({ put: async () => [refused] });

    await bus.observe(aChange(aMeta()));

    expect(bus.lines).toEqual([expect.stringMatching(/"level":"error".*"the-one".*"MalformedDetail"/)]);
  });

  it('makes the batch come again if the bus does not answer; the history is written by then', async () => {
    await using bus = aLifecycle({
      put: async () => {
        throw new EventsUnavailableError('throttled');
      },
    });

    await expect(bus.observe(aChange(aMeta()))).rejects.toMatchObject({ code: 'EVENTS_UNAVAILABLE' });
    expect((await bus.table.query('EXEC#execution-1', { prefix: 'EVENT#' })).items).toHaveLength(1);
  });

  it('is dropped, with a line that says so, for an execution that is gone', async () => {
    await using bus = aLifecycle();

    await bus.observe(aChange(failedResult));

    expect(bus.puts).toEqual([]);
    expect(bus.lines).toEqual([expect.stringContaining('execution-1')]);
  });
});
