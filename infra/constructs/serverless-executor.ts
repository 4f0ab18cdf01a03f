import { Duration, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Plan } from '../../shared/core/plan.ts';
import { type Advance, DEFAULT_ADVANCE } from '../../shared/model/config.ts';
import type { LogLevel } from '../../shared/observability/logger.ts';
import { allow } from './allow.ts';
import { ExecutionApi } from './execution-api.ts';
import { type AlarmsProps, ExecutorAlarms } from './executor-alarms.ts';
import { ExecutorDashboard } from './executor-dashboard.ts';
import {
  createFunctions,
  createPublisher,
  createRunners,
  createTrigger,
  type ExecutorFunctions,
} from './executor-functions.ts';
import { ExecutorMetrics, type MetricsProps } from './executor-metrics.ts';
import { bundleFunctions } from './function-bundles.ts';
import { ItemTable } from './item-table.ts';
import { LifecycleBus, type LifecycleEventsProps } from './lifecycle-bus.ts';
import { ObserverSource } from './observer-source.ts';
import { PayloadBucket } from './payload-bucket.ts';
import { PinnedVersions } from './pinned-versions.ts';
import { type PoolProps, poolSettings, toRunners } from './pool-settings.ts';
import { PublishedWorkflows, writeWorkflows } from './published-workflows.ts';
import { retentionOf } from './retention.ts';
import { connectSecrets, type ReadableSecret } from './secret-access.ts';
import { TIMEOUT_SECONDS } from './source-settings.ts';
import { StreamSource } from './stream-source.ts';
import { SweepSchedule } from './sweep-schedule.ts';
import { exportTraces, type TraceExportProps } from './trace-export.ts';
import { UndeliveredEvents } from './undelivered-events.ts';
import { WorkerPool } from './worker-pool.ts';
import { readWorkflows, type WorkflowSource } from './workflow-sources.ts';
import { type TriggersProps, WorkflowTriggers } from './workflow-triggers.ts';

export interface ServerlessExecutorProps {
  /**
   * The module that exports the application's `handlers`: `export const handlers = [greet, shout]`. It is bundled, and
   * loaded once to see that it loads; what does not fails the synthesis.
   */
  readonly handlersEntry: string;
  /** Variables for the handlers; fanjoin's own go before them. @default none */
  readonly handlersEnvironment?: Readonly<Record<string, string>>;
  /**
   * Workflows that each deployment publishes: paths of YAML or JSON files, what `defineWorkflow` gave, or definitions. A
   * workflow that is not valid, or names a handler, pool or secret that is not here, fails the synthesis. One that is its
   * latest version already stays so.
   * @default none: they are published by the API
   */
  readonly workflows?: readonly WorkflowSource[];
  /**
   * What the triggers of `workflows` name, and which version they start (docs/events.md).
   * @default triggers may name nothing but the account's default bus; the latest version
   */
  readonly triggers?: TriggersProps;
  /**
   * Named pools, beside `default`: how many handlers of each run at once and, where it differs from the node runner's,
   * the memory and timeout of the function that runs them.
   * @default none
   */
  readonly pools?: Readonly<Record<string, PoolProps>>;
  /**
   * What workflows may refer to as `secret('name')`, by that name. The node runner may read these and no others; their
   * ARNs are told it by a variable, and all variables of a function together may have 4 KB: some 25 secrets.
   * @default none
   */
  readonly secrets?: Readonly<Record<string, ReadableSecret>>;
  /** Invocations at once for nodes without a named pool, 2 to 1,000; each runs up to 10 handlers side by side. @default 50 */
  readonly defaultConcurrency?: number;
  /**
   * The longest invocation of the node runner, at most 15 minutes. A node with a longer timeout is refused.
   * @default 5 minutes
   */
  readonly runnerTimeout?: Duration;
  /** Memory of the node runner in MB, 128 to 10,240. @default 1024 */
  readonly runnerMemorySize?: number;
  /**
   * How executions advance: `eager`, who finishes a node starts what follows, where that is safe; `stream`, every result goes
   * through the scheduler. They differ in time and cost alone. @default 'eager'
   */
  readonly advance?: Advance;
  /** Who may call the API. @default IAM */
  readonly authorizer?: IHttpRouteAuthorizer;
  /** What becomes of the data when the stack is deleted. With DESTROY, empty the bucket before. @default RETAIN */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * How long the table keeps executions after their end, with their results and history; some are kept twice as long. An
   * execution may not have a longer timeout. The table's time to live deletes them, within days, and for nothing.
   * @default they are kept
   */
  readonly executionRetention?: Duration;
  /**
   * How long the bucket keeps payloads of executions, in whole days: no shorter than `executionRetention`, and than the
   * longest execution takes.
   * @default twice `executionRetention` and two days, if there is one; else they are kept
   */
  readonly payloadRetention?: Duration;
  /** Where spans of executions with `traceExecution` go. @default there are none */
  readonly tracing?: TraceExportProps;
  /**
   * What is told to EventBridge of executions, for rules to react to: that they started, paused, went on and ended, and
   * that nodes failed (docs/events.md). EventBridge takes $1 for a million events; an execution without a failure or a
   * pause makes two. `false`: nothing is told, and nothing paid.
   * @default executions and failed nodes, to the account's default bus
   */
  readonly lifecycleEvents?: LifecycleEventsProps | false;
  /**
   * What CloudWatch is told: executions started, succeeded, failed, timed out, their duration, that of nodes, delays in
   * queues, retries, the scheduler's lag, dead letters, repairs. A line a minute while anything happens, and a hundred
   * durations to a further one: nothing for each node. `false`: nothing.
   * @default all of it, in the namespace `Fanjoin`
   */
  readonly metrics?: MetricsProps | false;
  /**
   * Alarms: dead letters, the scheduler's errors and age, the observer's age, the API's errors, throttles, failure rate,
   * repairs, executions that cannot be repaired, events and changes that were given up. `false`: none.
   * @default they are made, and tell nobody: give them `actions`
   */
  readonly alarms?: AlarmsProps | false;
  /** A dashboard in CloudWatch. @default true */
  readonly dashboard?: boolean;
  /** Whether each request to the API is noted, in 300 bytes: who asked for which route, and what came of it. @default true */
  readonly accessLogs?: boolean;
  /** @default `warn` */
  readonly logLevel?: LogLevel;
  /** @default one month */
  readonly logRetention?: RetentionDays;
}

/** The whole executor: table, bucket, queues, functions, API. */
export class ServerlessExecutor extends Construct implements IGrantable {
  readonly itemTable: ItemTable;
  readonly payloadBucket: PayloadBucket;
  readonly pools: ReadonlyMap<string, WorkerPool>;
  readonly api: ExecutionApi;
  /** What CloudWatch is told of executions, for alarms and graphs of your own; `undefined` without metrics. */
  readonly metrics: ExecutorMetrics | undefined;
  readonly alarms: readonly Alarm[];
  /** Where events end that no function could take. */
  readonly undelivered: IQueue;
  /** Where rules hear of executions; `undefined` without lifecycle events. */
  readonly lifecycleBus: IEventBus | undefined;
  readonly functions: ExecutorFunctions;
  /** The function that runs each pool's nodes; pools without a memory or timeout of their own share the node runner. */
  readonly runners: ReadonlyMap<string, LambdaFunction>;
  /** What handlers run as, so that they can be granted what they call: `table.grantReadData(executor)`. */
  readonly grantPrincipal: IPrincipal;
  /** The workflows that are published, in their order. */
  readonly workflows: readonly Plan[];
  /** What starts them by events; `undefined` if none of them has triggers. */
  readonly triggers: WorkflowTriggers | undefined;

  constructor(scope: Construct, id: string, props: ServerlessExecutorProps) {
    super(scope, id);
    const {
      handlersEntry,
      handlersEnvironment = {},
      runnerTimeout = Duration.seconds(TIMEOUT_SECONDS.runner),
      runnerMemorySize = 1_024,
      defaultConcurrency = 50,
      secrets = {},
      logLevel,
      logRetention,
      removalPolicy,
      authorizer,
      lifecycleEvents,
    } = props;
    const { executionRetention, payloadRetention } = retentionOf(props);
    const deadLetterTimeout = Duration.seconds(TIMEOUT_SECONDS.deadLetter);
    const pools = poolSettings({
      ...{ defaultConcurrency, memorySize: runnerMemorySize, timeout: runnerTimeout },
      ...(props.pools !== undefined && { pools: props.pools }),
    });
    const bundles = bundleFunctions(this, { handlersEntry, environment: handlersEnvironment });
    this.workflows = readWorkflows(props.workflows ?? [], {
      handlers: { types: bundles.handlers.types, file: handlersEntry },
      pools: pools.slice(1).map(({ name }) => name),
      runners: toRunners(pools),
      secrets: Object.keys(secrets),
      triggerSources: props.triggers ?? {},
    });
    this.itemTable = new ItemTable(this, 'Items', { ...(removalPolicy !== undefined && { removalPolicy }) });
    this.payloadBucket = new PayloadBucket(this, 'Payloads', {
      ...(removalPolicy !== undefined && { removalPolicy }),
      ...(payloadRetention !== undefined && { retention: payloadRetention }),
    });
    this.pools = new Map(
      pools.map(({ name, concurrency, timeout }) => [
        name,
        new WorkerPool(this, `Pool-${name}`, { ...concurrency, runnerTimeout: timeout, deadLetterTimeout }),
      ]),
    );
    const { advance } = props;
    const settings = { bundles, pools, deadLetterTimeout, handlersEnvironment, advance, logLevel, logRetention };
    const runners = createRunners(this, settings);
    const [nodeRunner] = runners.all;
    if (nodeRunner === undefined) throw new Error('Unreachable: there is a default pool');
    this.runners = runners.byPool;
    this.grantPrincipal = runners.role;
    this.functions = createFunctions(this, settings, nodeRunner);
    this.#connectFunctions(runners.all);
    const triggered = this.workflows.filter(({ definition }) => (definition.triggers ?? []).length > 0);
    const trigger = triggered.length > 0 ? createTrigger(this, settings) : undefined;
    const starters = [this.functions.api, ...(trigger === undefined ? [] : [trigger])];
    connectSecrets(secrets, { readers: runners.all, namers: starters });

    const { api, scheduler, deadLetter, sweep, observer } = this.functions;
    this.api = new ExecutionApi(this, 'Api', {
      handler: api,
      ...(authorizer !== undefined && { authorizer }),
      ...(logRetention !== undefined && { logRetention }),
      ...(props.accessLogs !== undefined && { accessLogs: props.accessLogs }),
    });
    const { givenUp } = new StreamSource(this, 'Stream', { itemTable: this.itemTable, scheduler });
    new ObserverSource(this, 'ObserverStream', { itemTable: this.itemTable, observer, givenUp });
    this.#allowDeadLetters(api, givenUp);
    for (const [name, pool] of this.pools) pool.feed(runners.byPool.get(name) ?? nodeRunner, deadLetter);
    if (props.tracing !== undefined) exportTraces(props.tracing, { starters, observer });
    new PinnedVersions(this, 'PinnedVersions', { runners, starters });
    this.undelivered = new UndeliveredEvents(this, 'Undelivered').queue;
    new SweepSchedule(this, 'SweepSchedule', { sweep, undelivered: this.undelivered });
    const lifecycle = lifecycleEvents === false ? undefined : new LifecycleBus(this, 'Lifecycle', lifecycleEvents);
    lifecycle?.connect(observer, this.itemTable);
    // What the observer was to tell and did not, a redrive tells.
    lifecycle?.connect(api, this.itemTable);
    api.addEnvironment('LIFECYCLE_EVENTS', lifecycle?.tellsOf ?? 'none');
    this.lifecycleBus = lifecycle?.bus;
    if (this.workflows.length > 0) {
      writeWorkflows(bundles.folders.publisher, this.workflows);
      const published = this.#publishWorkflows(createPublisher(this, settings), [...runners.all, ...starters]);
      if (trigger !== undefined) this.triggers = this.#startByEvents(trigger, triggered, published, props);
    }
    if (executionRetention !== undefined)
      for (const writer of [
        ...Object.values(this.functions),
        ...runners.all,
        ...(trigger === undefined ? [] : [trigger]),
      ])
        writer.addEnvironment('EXECUTION_RETENTION_SECONDS', String(executionRetention.toSeconds()));
    this.metrics = props.metrics === false ? undefined : new ExecutorMetrics(props.metrics ?? {}, this.node.path);
    this.alarms = this.#monitor(props, givenUp, trigger);
  }

  /** After what runs them, so that no new version is started on handlers that lack what it names. */
  #publishWorkflows(publisher: LambdaFunction, after: readonly LambdaFunction[]): PublishedWorkflows {
    this.payloadBucket.connectWriter(publisher);
    this.itemTable.connect(publisher, 'Query', 'PutItem');
    return new PublishedWorkflows(this, 'Workflows', { publisher, after });
  }

  /** After they are published, so that no event comes for what is not there yet. */
  #startByEvents(
    trigger: LambdaFunction,
    workflows: readonly Plan[],
    published: PublishedWorkflows,
    { triggers: props = {}, advance = DEFAULT_ADVANCE }: ServerlessExecutorProps,
  ): WorkflowTriggers {
    this.payloadBucket.connect(trigger);
    this.itemTable.connect(trigger, 'GetItem', 'Query', 'PutItem');
    // Else the scheduler sends what an execution begins with.
    if (advance === 'eager') this.#allowSend(trigger);
    const triggers = new WorkflowTriggers(this, 'Triggers', { ...props, workflows, trigger });
    triggers.node.addDependency(published);
    const { queue, deadLetterQueue } = triggers.events;
    const { api } = this.functions;
    allow(api, ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'], deadLetterQueue.queueArn);
    allow(api, ['sqs:SendMessage'], queue.queueArn);
    const urls = { queue: queue.queueUrl, dead: deadLetterQueue.queueUrl };
    api.addEnvironment('EVENT_QUEUE_URLS', Stack.of(this).toJsonString(urls));
    return triggers;
  }

  #monitor(
    { alarms = {}, dashboard = true }: ServerlessExecutorProps,
    givenUp: IQueue,
    trigger: LambdaFunction | undefined,
  ): readonly Alarm[] {
    const { scheduler, observer, sweep, deadLetter } = this.functions;
    for (const teller of [scheduler, observer, sweep, deadLetter]) this.metrics?.connect(teller);
    const functions = [
      ...new Set([
        ...Object.values(this.functions),
        ...this.runners.values(),
        ...(trigger === undefined ? [] : [trigger]),
      ]),
    ];
    const unsettled = [...this.pools.values()].map(({ unsettledQueue }) => unsettledQueue);
    const { httpApi } = this.api;
    const parts = { metrics: this.metrics, scheduler, observer, functions, httpApi, undelivered: this.undelivered };
    const startedNothing = this.triggers?.events.deadLetterQueue;
    const made =
      alarms === false
        ? []
        : new ExecutorAlarms(this, 'Alarms', { ...alarms, ...parts, unsettled, givenUp, startedNothing }).alarms;
    const queues = new Map([...this.pools].map(([name, { queue }]) => [name, queue]));
    if (dashboard) new ExecutorDashboard(this, 'Dashboard', { ...parts, alarms: made, queues });
    return made;
  }

  /** Each function may do what it calls, and nothing else. */
  #connectFunctions(runners: readonly LambdaFunction[]): void {
    const { api, scheduler, deadLetter, sweep, observer } = this.functions;
    for (const user of [api, scheduler, ...runners, deadLetter, sweep]) this.payloadBucket.connect(user);
    // What it writes down is what items say of their payloads, not what is in them.
    this.payloadBucket.tell(observer);
    this.itemTable.connect(api, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem');
    // It queries attempts when it sends again what a batch that comes a second time had sent.
    this.itemTable.connect(scheduler, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem');
    for (const runner of runners)
      this.itemTable.connect(runner, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem');
    this.itemTable.connect(deadLetter, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem');
    this.itemTable.connect(sweep, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem');
    this.itemTable.connect(observer, 'Query', 'PutItem');
    this.itemTable.allowQueryDue(sweep);
    for (const user of [api, sweep]) this.itemTable.allowQueryListed(user);
    // The dead-letter function repeats the hand-offs of what stands.
    for (const sender of [api, scheduler, ...runners, deadLetter, sweep]) this.#allowSend(sender);
  }

  /** Lets a function look at what was given up, to send work of it back to its pool, and to make good what records told. */
  #allowDeadLetters(user: LambdaFunction, givenUp: IQueue): void {
    const queues = [...this.pools].map(([name, { unsettledQueue }]) => [name, unsettledQueue] as const);
    const look = ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility'];
    allow(user, [...look, 'sqs:DeleteMessage'], ...queues.map(([, queue]) => queue.queueArn), givenUp.queueArn);
    this.itemTable.allowReadAgain(user);
    user.addEnvironment('OBSERVER_ARN', this.functions.observer.functionArn);
    const urls = Object.fromEntries(queues.map(([name, queue]) => [name, queue.queueUrl]));
    user.addEnvironment('UNSETTLED_URLS', Stack.of(this).toJsonString(urls));
    user.addEnvironment('GIVEN_UP_URL', givenUp.queueUrl);
  }

  /** Lets a function send work to every pool, and tells it where their queues are. */
  #allowSend(sender: LambdaFunction): void {
    const queues = [...this.pools].map(([name, { queue }]) => [name, queue] as const);
    allow(sender, ['sqs:SendMessage'], ...queues.map(([, queue]) => queue.queueArn));
    const urls = Object.fromEntries(queues.map(([name, queue]) => [name, queue.queueUrl]));
    sender.addEnvironment('QUEUE_URLS', Stack.of(this).toJsonString(urls));
  }
}
