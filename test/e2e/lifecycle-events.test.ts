import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { Stack } from 'aws-cdk-lib';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue as QueueTarget } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecutorStack } from '../../infra/executor-stack.ts';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { comparePositions } from '../../shared/observability/event-position.ts';
import { LifecycleEvent } from '../../shared/observability/lifecycle-event.ts';
import { addReactor } from '../support/add-reactor.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack, start } from '../support/local-stack.ts';

const working: DefinitionInput = {
  name: 'working',
  config: { traceExecution: true },
  nodes: {
    first: { handler: 'double', input: { n: 1, waitMs: 0 } },
    second: { handler: 'sum', dependsOn: ['first'], input: { n: 1 } },
    never: { handler: 'double', dependsOn: ['first'], runIf: '{% false %}' },
  },
};
const failing: DefinitionInput = {
  name: 'failing',
  nodes: { bad: { handler: 'fail', retry: { maxRetries: 1, intervalSeconds: 0 } } },
};

/** Of an application beside the executor: a queue that hears of everything, a function that reacts to failures. */
function reactions(stack: ExecutorStack): void {
  const eventBus = stack.executor.lifecycleBus;
  if (eventBus === undefined) throw new Error('The stack under test sends lifecycle events');
  const heard = new Queue(stack, 'Heard');
  new Rule(stack, 'Everything', { eventBus, eventPattern: { source: ['fanjoin'] }, targets: [new QueueTarget(heard)] });
  addReactor(stack, {
    detailType: ['Fanjoin Execution Status Change'],
    detail: { status: ['FAILED', 'TIMED_OUT'], workflow: [{ prefix: 'fail' }] },
  });
}

type Heard = LifecycleEvent['detail'];

/** Hears what comes to the application's queue. */
class Listener {
  readonly #stack: LocalStack;
  readonly heard: Heard[] = [];

  constructor(stack: LocalStack) {
    this.#stack = stack;
  }

  /** Of one execution, in order; each event once. */
  of(executionId: string): Heard[] {
    const events = this.heard.filter((detail) => detail.executionId === executionId);
    const byId = new Map(events.map((detail) => [detail.id, detail]));
    return [...byId.values()].sort((a, b) => a.atMs - b.atMs || comparePositions(a.position, b.position));
  }

  /** Listens until an execution's end is told. */
  async untilEnd(executionId: string): Promise<void> {
    const QueueUrl = this.#stack.queueUrls.Heard;
    const isEnd = (detail: Heard) => detail.executionId === executionId && detail.type === 'ExecutionEnded';
    while (!this.heard.some(isEnd)) {
      const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
      const { Messages = [] } = await this.#stack.clients.sqs.send(command);
      for (const { Body = '', ReceiptHandle } of Messages) {
        this.heard.push(LifecycleEvent.parse(JSON.parse(Body)).detail);
        await this.#stack.clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  }

  /** Runs executions to their end, and listens until nothing more can come of them. */
  async run(...definitions: DefinitionInput[]): Promise<string[]> {
    const executionIds = await Promise.all(definitions.map((definition) => start(this.#stack, definition)));
    for (const executionId of executionIds) await this.untilEnd(executionId);
    // What they made too much would be on its way before this one begins.
    await this.untilEnd(await start(this.#stack, failing));
    return executionIds;
  }
}

const outline = (detail: Heard) => ('nodeId' in detail ? `${detail.nodeId} ${detail.status}` : detail.status);

describe.skipIf(!canRunEmulators())('lifecycle events on the functions', () => {
  let stack: LocalStack;
  let lines: string[];
  beforeAll(async () => {
    ({ stack, lines } = await aLocalStack({ extend: reactions }));
  });
  afterAll(() => stack?.stop());

  it('tell a rule of the default bus how executions began and ended and which nodes failed, and no more', async () => {
    const listener = new Listener(stack);
    const [good = '', bad = ''] = await listener.run(working, failing);

    expect(listener.of(good).map(outline)).toEqual(['RUNNING', 'SUCCEEDED']);
    expect(listener.of(bad).map(outline)).toEqual(['RUNNING', 'bad FAILED', 'FAILED']);
    expect(listener.of(bad).at(-1)).toMatchObject({
      workflow: 'failing',
      failedNode: 'bad',
      error: { name: 'Error', message: 'never works' },
    });
    expect(lines.filter((line) => /"level":"error"|goes nowhere/.test(line))).toEqual([]);
  });

  it('make a user’s own function run', async () => {
    const executionId = await start(stack, failing);

    await expect
      .poll(() => lines.filter((line) => line.startsWith('[Reactor] heard') && line.includes(executionId)), {
        timeout: 20_000,
      })
      .toEqual([expect.stringMatching(/"detail-type":"Fanjoin Execution Status Change".*"status":"FAILED"/)]);
  });
});

describe.skipIf(!canRunEmulators())('lifecycle events of all nodes, on a bus of the application', () => {
  let stack: LocalStack;
  beforeAll(async () => {
    ({ stack } = await aLocalStack({
      lifecycleEvents: { bus: EventBus.fromEventBusName(new Stack(), 'Own', 'own'), nodeEvents: true },
      extend: (extended) => {
        new EventBus(extended, 'Own', { eventBusName: 'own' });
        reactions(extended);
      },
      // Each batch comes a second time: a success that got lost on its way.
      faults: { duplicate: 1 },
    }));
  });
  afterAll(() => stack?.stop());

  it('come with the same ids when their batch does', async () => {
    const listener = new Listener(stack);
    const [executionId = ''] = await listener.run(working);

    const told = listener.of(executionId);
    const timesOf = ({ id }: Heard) => listener.heard.filter((detail) => detail.id === id).length;

    expect(told.map(outline).toSorted()).toEqual(
      [
        'RUNNING',
        ...['first RUNNING', 'first SUCCEEDED', 'never SKIPPED', 'second RUNNING', 'second SUCCEEDED'],
        'SUCCEEDED',
      ].toSorted(),
    );
    expect(told.filter((detail) => timesOf(detail) < 2)).toEqual([]);
  });
});
