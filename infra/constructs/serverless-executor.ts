import { Duration, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { FanjoinError } from '../../shared/errors.ts';
import type { Advance } from '../../shared/model/config.ts';
import { batchSizeOf, DEFAULT_POOL, type Pools, poolSize } from '../../shared/model/pools.ts';
import type { LogLevel } from '../../shared/observability/logger.ts';
import { allow } from './allow.ts';
import { ExecutionApi } from './execution-api.ts';
import { ExecutorFunction, type ExecutorFunctionProps } from './executor-function.ts';
import { bundleFunctions } from './function-bundles.ts';
import { ItemTable } from './item-table.ts';
import { LifecycleBus, type LifecycleEventsProps } from './lifecycle-bus.ts';
import { ObserverSource } from './observer-source.ts';
import { PayloadBucket } from './payload-bucket.ts';
import { connectSecrets, type ReadableSecret } from './secret-access.ts';
import { TIMEOUT_SECONDS } from './source-settings.ts';
import { StreamSource } from './stream-source.ts';
import { SweepSchedule } from './sweep-schedule.ts';
import { exportTraces, type TraceExportProps } from './trace-export.ts';
import { type PoolConcurrency, WorkerPool } from './worker-pool.ts';

export interface ServerlessExecutorProps {
  /** The module that exports the application's `handlers`. @default examples/handlers.ts */
  readonly handlersEntry?: string;
  /** Named pools, beside `default`: at most `size` handlers of each run at once, 2 to 1,000. @default none */
  readonly pools?: Pools;
  /**
   * What workflows may refer to as `secret('name')`, by that name. The node runner may read these and no others; their
   * ARNs are told it by a variable, and all variables of a function together may have 4 KB: some 25 secrets.
   * @default none
   */
  readonly secrets?: Readonly<Record<string, ReadableSecret>>;
  /** Invocations at once for nodes without a named pool, 2 to 1,000; each runs up to 10 handlers side by side. @default 50 */
  readonly defaultConcurrency?: number;
  /** The longest invocation of the node runner: what the handlers of a batch may take, at most 15 minutes. @default 5 minutes */
  readonly runnerTimeout?: Duration;
  /** Memory of the node runner in MB. @default 1024 */
  readonly runnerMemorySize?: number;
  /**
   * How executions advance: `eager`, who finishes a node starts what follows, where that is safe; `stream`, every result goes
   * through the scheduler. They differ in time and cost alone. @default 'eager'
   */
  readonly advance?: Advance;
  /** Who may call the API. @default IAM */
  readonly authorizer?: IHttpRouteAuthorizer;
  /** What becomes of the data when the stack is deleted. @default RETAIN */
  readonly removalPolicy?: RemovalPolicy;
  /** How long the bucket keeps payloads of executions. @default they are kept */
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
  /** @default `warn` */
  readonly logLevel?: LogLevel;
  /** @default one month */
  readonly logRetention?: RetentionDays;
}

/** The whole executor: table, bucket, queues, functions, API. */
export class ServerlessExecutor extends Construct {
  readonly itemTable: ItemTable;
  readonly payloadBucket: PayloadBucket;
  readonly pools: ReadonlyMap<string, WorkerPool>;
  readonly api: ExecutionApi;
  /** Where rules hear of executions; `undefined` without lifecycle events. */
  readonly lifecycleBus: IEventBus | undefined;
  readonly functions: Readonly<
    Record<'api' | 'scheduler' | 'nodeRunner' | 'deadLetter' | 'sweep' | 'observer', LambdaFunction>
  >;

  constructor(scope: Construct, id: string, props: ServerlessExecutorProps = {}) {
    super(scope, id);
    const {
      runnerTimeout = Duration.seconds(TIMEOUT_SECONDS.runner),
      removalPolicy,
      payloadRetention,
      authorizer,
      lifecycleEvents,
    } = props;
    const deadLetterTimeout = Duration.seconds(TIMEOUT_SECONDS.deadLetter);
    this.itemTable = new ItemTable(this, 'Items', { ...(removalPolicy !== undefined && { removalPolicy }) });
    this.payloadBucket = new PayloadBucket(this, 'Payloads', {
      ...(removalPolicy !== undefined && { removalPolicy }),
      ...(payloadRetention !== undefined && { retention: payloadRetention }),
    });
    this.pools = new Map(
      Object.entries(concurrencies(props)).map(([name, concurrency]) => [
        name,
        new WorkerPool(this, `Pool-${name}`, { ...concurrency, runnerTimeout, deadLetterTimeout }),
      ]),
    );
    this.functions = createFunctions(this, { ...props, runnerTimeout, deadLetterTimeout });
    this.#connectFunctions();
    const { secrets = {} } = props;
    connectSecrets(secrets, { reader: this.functions.nodeRunner, namer: this.functions.api });

    const { api, scheduler, nodeRunner, deadLetter, sweep, observer } = this.functions;
    this.api = new ExecutionApi(this, 'Api', { handler: api, ...(authorizer !== undefined && { authorizer }) });
    const { givenUp } = new StreamSource(this, 'Stream', { itemTable: this.itemTable, scheduler });
    new ObserverSource(this, 'ObserverStream', { itemTable: this.itemTable, observer, givenUp });
    this.#allowDeadLetters(api, givenUp);
    for (const pool of this.pools.values()) pool.feed(nodeRunner, deadLetter);
    if (props.tracing !== undefined) exportTraces(props.tracing, { api, observer });
    new SweepSchedule(this, 'SweepSchedule', { sweep });
    const lifecycle = lifecycleEvents === false ? undefined : new LifecycleBus(this, 'Lifecycle', lifecycleEvents);
    lifecycle?.connect(observer, this.itemTable);
    api.addEnvironment('LIFECYCLE_EVENTS', lifecycle?.tellsOf ?? 'none');
    this.lifecycleBus = lifecycle?.bus;
  }

  /** Each function may do what it calls, and nothing else. */
  #connectFunctions(): void {
    const { api, scheduler, nodeRunner, deadLetter, sweep, observer } = this.functions;
    for (const user of [api, scheduler, nodeRunner, deadLetter, sweep]) this.payloadBucket.connect(user);
    // What it writes down is what items say of their payloads, not what is in them.
    this.payloadBucket.tell(observer);
    this.itemTable.connect(api, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem');
    // It queries attempts when it sends again what a batch that comes a second time had sent.
    this.itemTable.connect(scheduler, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem');
    this.itemTable.connect(nodeRunner, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem');
    this.itemTable.connect(deadLetter, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem');
    this.itemTable.connect(sweep, 'GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem');
    this.itemTable.connect(observer, 'Query', 'PutItem');
    this.itemTable.allowQueryDue(sweep);
    this.itemTable.allowQueryListed(api);
    for (const sender of [api, scheduler, nodeRunner, sweep]) this.#allowSend(sender);
  }

  /** Lets a function look at what was given up, and send work of it back to its pool. */
  #allowDeadLetters(user: LambdaFunction, givenUp: IQueue): void {
    const queues = [...this.pools].map(([name, { unsettledQueue }]) => [name, unsettledQueue] as const);
    const look = ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility'];
    allow(user, [...look, 'sqs:DeleteMessage'], ...queues.map(([, queue]) => queue.queueArn));
    allow(user, look, givenUp.queueArn);
    const urls = Object.fromEntries(queues.map(([name, queue]) => [name, queue.queueUrl]));
    user.addEnvironment('UNSETTLED_URLS', Stack.of(this).toJsonString(urls));
    user.addEnvironment('GIVEN_UP_URL', givenUp.queueUrl);
    this.#allowSend(user);
  }

  /** Lets a function send work to every pool, and tells it where their queues are. */
  #allowSend(sender: LambdaFunction): void {
    const queues = [...this.pools].map(([name, { queue }]) => [name, queue] as const);
    allow(sender, ['sqs:SendMessage'], ...queues.map(([, queue]) => queue.queueArn));
    const urls = Object.fromEntries(queues.map(([name, queue]) => [name, queue.queueUrl]));
    sender.addEnvironment('QUEUE_URLS', Stack.of(this).toJsonString(urls));
  }
}

/** @throws {FanjoinError} `INVALID_POOL_SIZE` */
function concurrencies({
  pools = {},
  defaultConcurrency = 50,
}: ServerlessExecutorProps): Record<string, PoolConcurrency> {
  const named = Object.keys(pools).map((name): [string, PoolConcurrency] => {
    const size = poolSize(pools, name);
    if (size < 2) {
      throw new FanjoinError(
        'INVALID_POOL_SIZE',
        `The pool '${name}' has the size ${size}: Lambda bounds a queue's invocations to 2 at the least`,
      );
    }
    return [name, { maxConcurrency: size, batchSize: batchSizeOf(name) }];
  });
  return {
    [DEFAULT_POOL]: { maxConcurrency: defaultConcurrency, batchSize: batchSizeOf(DEFAULT_POOL) },
    ...Object.fromEntries(named),
  };
}

interface FunctionSettings extends ServerlessExecutorProps {
  readonly runnerTimeout: Duration;
  readonly deadLetterTimeout: Duration;
}

function createFunctions(scope: Construct, settings: FunctionSettings): ServerlessExecutor['functions'] {
  const { logLevel, logRetention, handlersEntry, runnerMemorySize = 1_024, pools = {} } = settings;
  const { code, handlersVersion } = bundleFunctions(
    scope,
    handlersEntry === undefined ? {} : { '#handlers': handlersEntry },
  );
  const create = (id: string, props: ExecutorFunctionProps) =>
    new ExecutorFunction(scope, id, {
      ...props,
      ...(logLevel !== undefined && { logLevel }),
      ...(logRetention !== undefined && { logRetention }),
    });
  return {
    api: create('ApiFunction', {
      description: 'Answers the HTTP API',
      code: code.api,
      // API Gateway waits for 30 s.
      timeout: Duration.seconds(29),
      memorySize: 512,
      environment: {
        POOLS: JSON.stringify(pools),
        HANDLERS_VERSION: handlersVersion,
        ...(settings.advance !== undefined && { ADVANCE: settings.advance }),
        // What executions cost depends on it, and the API says what they cost.
        RUNNER_MEMORY_MB: String(runnerMemorySize),
      },
    }),
    scheduler: create('Scheduler', {
      description: 'Advances executions by the changes of their items',
      code: code.scheduler,
      timeout: Duration.seconds(TIMEOUT_SECONDS.scheduler),
      memorySize: 1_024,
    }),
    nodeRunner: create('NodeRunner', {
      description: 'Runs nodes and writes their results',
      code: code['node-runner'],
      timeout: settings.runnerTimeout,
      memorySize: runnerMemorySize,
      sendsToItself: true,
    }),
    deadLetter: create('DeadLetter', {
      description: 'Settles nodes whose runners crashed each time',
      code: code['dead-letter'],
      timeout: settings.deadLetterTimeout,
      memorySize: 512,
    }),
    sweep: create('Sweep', {
      description: 'Ends what is over its deadline and repairs what was lost',
      code: code.sweep,
      // Longer than its interval: a pass over a backlog is better finished than begun anew.
      timeout: Duration.seconds(TIMEOUT_SECONDS.sweep),
      memorySize: 512,
    }),
    observer: create('Observer', {
      description: 'Writes the history of executions and the metrics of workflows',
      code: code.observer,
      timeout: Duration.seconds(TIMEOUT_SECONDS.observer),
      memorySize: 512,
    }),
  };
}
