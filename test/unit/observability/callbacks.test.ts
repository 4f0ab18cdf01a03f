import { describe, expect, it } from 'vitest';
import { CallbackFeed } from '../../../shared/observability/callback-feed.ts';
import { type CallbackHandler, Callbacks } from '../../../shared/observability/callbacks.ts';
import { Logger } from '../../../shared/observability/logger.ts';
import { toEvents } from '../../../shared/observability/to-events.ts';
import type { Item } from '../../../shared/ports/item-table.ts';
import { VirtualClock } from '../../../shared/testing/virtual-clock.ts';
import { aChange, aMeta, aResult } from '../../support/factories-observability.ts';

function aBench(...handlers: readonly CallbackHandler[]) {
  const clock = new VirtualClock();
  const lines: { message: string; callback: string }[] = [];
  const logger = new Logger({ write: (line) => lines.push(JSON.parse(line)) });
  const callbacks = new Callbacks({ clock, logger });
  for (const handler of handlers) callbacks.addHandler(handler);
  const loads: string[] = [];
  const load = (what: string) => async () => {
    loads.push(what);
    return what;
  };
  const feed = new CallbackFeed(callbacks, {
    input: load('input'),
    output: load('output'),
    nodeOutput: load('node output'),
  });
  const tell = (after: Item, before?: Item) => {
    for (const event of toEvents(aChange(after, before === undefined ? {} : { before }))) feed.tell(event);
  };
  return { clock, callbacks, feed, lines, loads, tell };
}

/** Notes what it hears. */
function aRecorder() {
  const heard: unknown[] = [];
  const handler: CallbackHandler = {
    onWorkflowStart: (id, input, { executionId }) => heard.push(['start', id, input, executionId]),
    onNodeStart: (id, input, { executionId }) => heard.push(['node start', id, input, executionId]),
    onNodeComplete: (id, output, { executionId }) => heard.push(['node', id, output, executionId]),
    onWorkflowComplete: (id, output, { executionId, status }) => heard.push(['end', id, output, executionId, status]),
    onError: ({ name }, { executionId, nodeId }) => heard.push(['error', name, nodeId, executionId]),
  };
  return { heard, handler };
}

const failed = { status: 'FAILED', error: { name: 'TypeError', message: 'bad' } };
const ended = (overrides: Parameters<typeof aMeta>[0]) => aMeta({ endedAtMs: 2_000, ...overrides });

describe('callbacks', () => {
  it('hear of an execution in order, with its id', async () => {
    const { heard, handler } = aRecorder();
    const { clock, feed, tell } = aBench(handler);

    tell(aMeta());
    feed.nodeStarted({ executionId: 'execution-1', run: 1, atMs: 1, nodeId: 'pack', visit: 1 }, { n: 1 });
    tell(aResult());
    tell(ended({ status: 'SUCCEEDED', output: { inline: '1' } }), aMeta());
    await clock.quiet();

    expect(heard).toEqual([
      ['start', 'orders', 'input', 'execution-1'],
      ['node start', 'pack', { n: 1 }, 'execution-1'],
      ['node', 'pack', 'node output', 'execution-1'],
      ['end', 'orders', 'output', 'execution-1', 'SUCCEEDED'],
    ]);
  });

  it('hear of each error once', async () => {
    const { heard, handler } = aRecorder();
    const { clock, tell } = aBench(handler);

    tell(aResult(failed));
    tell(ended({ ...failed, failedNode: 'pack' }), aMeta());
    tell(ended({ status: 'TIMED_OUT', error: { name: 'ExecutionTimedOut', message: 'late' } }), aMeta());
    await clock.quiet();

    expect(heard).toEqual([
      ['error', 'TypeError', 'pack', 'execution-1'],
      ['end', 'orders', undefined, 'execution-1', 'FAILED'],
      ['error', 'ExecutionTimedOut', undefined, 'execution-1'],
      ['end', 'orders', undefined, 'execution-1', 'TIMED_OUT'],
    ]);
  });

  it('may be any subset, and only what they want is loaded, once', async () => {
    const noop = () => undefined;
    const { clock, loads, tell } = aBench({ onNodeComplete: noop }, { onNodeComplete: noop, onError: noop }, {});

    tell(aMeta());
    tell(aResult());
    tell(ended({ status: 'SUCCEEDED' }), aMeta());
    await clock.quiet();

    expect(loads).toEqual(['node output']);
  });

  it('that throw or reject are logged, and the others hear all the same', async () => {
    const { heard, handler } = aRecorder();
    const throwing: CallbackHandler = {
      onWorkflowStart: () => {
        throw new Error('at once');
      },
      onNodeComplete: async () => {
        throw new Error('later');
      },
    };
    const { clock, lines, tell } = aBench(throwing, handler);

    tell(aMeta());
    tell(aResult());
    await clock.quiet();

    expect(heard).toHaveLength(2);
    expect(lines).toMatchObject([
      { message: 'callback failed', callback: 'onWorkflowStart', executionId: 'execution-1' },
      { message: 'callback failed', callback: 'onNodeComplete' },
    ]);
  });

  it('that are slow are called one after another, while others go on', async () => {
    const { heard, handler } = aRecorder();
    const order: string[] = [];
    const slow: CallbackHandler = {
      async onWorkflowStart() {
        order.push('start begins');
        await new Promise<void>((resolve) => clock.after(3_000, resolve));
        order.push('start ends');
      },
      onNodeComplete: () => order.push('node'),
    };
    const { clock, tell } = aBench(slow, handler);

    tell(aMeta());
    tell(aResult());
    await clock.quiet();
    expect(heard).toHaveLength(2);
    expect(order).toEqual(['start begins']);
    await clock.pass(3_000);

    expect(order).toEqual(['start begins', 'start ends', 'node']);
  });

  it('that never settle are logged, and no longer waited for in that execution', async () => {
    const order: string[] = [];
    const stuck: CallbackHandler = {
      onWorkflowStart: () => new Promise(() => undefined),
      onNodeComplete: (_id, _output, { executionId }) => order.push(executionId),
    };
    const { clock, lines, callbacks, tell } = aBench(stuck);

    tell(aMeta());
    tell(aResult());
    tell({ ...aResult({ executionId: 'execution-2' }), pk: 'EXEC#execution-2' });
    await clock.quiet();
    expect(order).toEqual(['execution-2']);
    await clock.pass(10_000);

    expect(order).toEqual(['execution-2', 'execution-1']);
    expect(lines).toMatchObject([{ callback: 'onWorkflowStart', executionId: 'execution-1' }]);
    await callbacks.settled(1_000);
  });

  it('are waited for only so long', async () => {
    const { clock, callbacks, tell } = aBench({ onWorkflowStart: () => new Promise(() => undefined) });
    let isDone = false;
    tell(aMeta());
    await clock.quiet();
    const pendingBefore = clock.pendingTimers;

    void callbacks.settled(1_000).then(() => {
      isDone = true;
    });

    // It keeps the process alive: else the process ends there, and what comes behind never runs.
    expect([pendingBefore, clock.pendingTimers]).toEqual([0, 1]);
    await clock.pass(999);
    expect(isDone).toBe(false);
    await clock.pass(1);
    expect(isDone).toBe(true);
  });

  it.each([
    { handler: null, problem: '(root): is not an object with methods' },
    { handler: () => undefined, problem: '(root): is not an object with methods' },
    { handler: { onError: 'log' }, problem: 'onError: is not a function' },
  ])('that are no handlers are refused: $problem', ({ handler, problem }) => {
    const { callbacks } = aBench();

    const adding = () => Reflect.apply(callbacks.addHandler, callbacks, [handler]);

    expect(adding).toThrow(problem);
    expect(callbacks.hasHandlers).toBe(false);
  });

  it('that were removed hear nothing more', async () => {
    const { heard, handler } = aRecorder();
    const { clock, callbacks, tell } = aBench(handler);

    tell(aMeta());
    callbacks.removeHandler(handler);
    tell(aResult());
    await clock.quiet();

    expect(heard).toEqual([]);
    expect(callbacks.hasHandlers).toBe(false);
  });

  it('and handlers do not share their input', async () => {
    const heard: unknown[] = [];
    const { clock, feed } = aBench({ onNodeStart: (_id, input) => heard.push(input) });
    const input = { items: [1] };

    feed.nodeStarted({ executionId: 'execution-1', run: 1, atMs: 1, nodeId: 'pack', visit: 1 }, input);
    input.items.push(2);
    await clock.quiet();

    expect(heard).toEqual([{ items: [1] }]);
  });
});
