import { Duration } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Advance } from '../../shared/model/config.ts';
import type { LogLevel } from '../../shared/observability/logger.ts';
import { ExecutorFunction, type ExecutorFunctionProps } from './executor-function.ts';
import { codeIn, type FunctionBundles } from './function-bundles.ts';
import { type PoolSettings, toRunners } from './pool-settings.ts';
import { TIMEOUT_SECONDS } from './source-settings.ts';

/** The executor's functions; those that run nodes are {@link RunnerFunctions}. */
export type ExecutorFunctions = Readonly<
  Record<'api' | 'scheduler' | 'nodeRunner' | 'deadLetter' | 'sweep' | 'observer', LambdaFunction>
>;

/** The function that runs each pool's nodes: the node runner, or the pool's own. */
export interface RunnerFunctions {
  readonly byPool: ReadonlyMap<string, LambdaFunction>;
  /** Each once, the node runner first. */
  readonly all: readonly LambdaFunction[];
  /** What all of them run as: they have the same handlers. */
  readonly role: Role;
}

export interface FunctionSettings {
  readonly bundles: FunctionBundles;
  readonly pools: readonly PoolSettings[];
  readonly deadLetterTimeout: Duration;
  readonly handlersEnvironment: Readonly<Record<string, string>>;
  readonly advance: Advance | undefined;
  readonly logLevel: LogLevel | undefined;
  readonly logRetention: RetentionDays | undefined;
}

type Create = (id: string, props: ExecutorFunctionProps) => ExecutorFunction;

const creator =
  (scope: Construct, { logLevel, logRetention }: FunctionSettings): Create =>
  (id, props) =>
    new ExecutorFunction(scope, id, {
      ...props,
      ...(logLevel !== undefined && { logLevel }),
      ...(logRetention !== undefined && { logRetention }),
    });

export function createRunners(scope: Construct, settings: FunctionSettings): RunnerFunctions {
  const { bundles, pools, handlersEnvironment } = settings;
  const create = creator(scope, settings);
  const role = new Role(scope, 'NodeRunnerRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  const code = codeIn(bundles.folders['node-runner']);
  let shared: LambdaFunction | undefined;
  const byPool = new Map(
    pools.map(({ name, hasOwnRunner, memorySize, timeout }) => {
      if (!hasOwnRunner && shared !== undefined) return [name, shared];
      const runner = create(hasOwnRunner ? `NodeRunner-${name}` : 'NodeRunner', {
        description: hasOwnRunner
          ? `Runs nodes of the pool '${name}' and writes their results`
          : 'Runs nodes and writes their results',
        ...{ code, memorySize, timeout, role, sendsToItself: true, retainsVersions: true },
        environment: { ...handlersEnvironment, HANDLERS_VERSION: bundles.handlers.version },
      });
      if (!hasOwnRunner) shared = runner;
      return [name, runner];
    }),
  );
  return { byPool, all: [...new Set(byPool.values())], role };
}

export function createFunctions(
  scope: Construct,
  settings: FunctionSettings,
  nodeRunner: LambdaFunction,
): ExecutorFunctions {
  const { bundles, deadLetterTimeout } = settings;
  const create = creator(scope, settings);
  const { folders } = bundles;
  return {
    api: create('ApiFunction', {
      description: 'Answers the HTTP API',
      code: codeIn(folders.api),
      // API Gateway waits for 30 s.
      timeout: Duration.seconds(29),
      memorySize: 512,
      environment: startEnvironment(settings),
    }),
    scheduler: create('Scheduler', {
      description: 'Advances executions by the changes of their items',
      code: codeIn(folders.scheduler),
      timeout: Duration.seconds(TIMEOUT_SECONDS.scheduler),
      memorySize: 1_024,
    }),
    nodeRunner,
    deadLetter: create('DeadLetter', {
      description: 'Settles nodes whose runners crashed each time',
      code: codeIn(folders['dead-letter']),
      timeout: deadLetterTimeout,
      memorySize: 512,
    }),
    sweep: create('Sweep', {
      description: 'Ends what is over its deadline and repairs what was lost',
      code: codeIn(folders.sweep),
      // Longer than its interval: a pass over a backlog is better finished than begun anew.
      timeout: Duration.seconds(TIMEOUT_SECONDS.sweep),
      memorySize: 512,
    }),
    observer: create('Observer', {
      description: 'Writes the history of executions and the metrics of workflows',
      code: codeIn(folders.observer),
      timeout: Duration.seconds(TIMEOUT_SECONDS.observer),
      memorySize: 512,
    }),
  };
}

/** What starts executions has to know. */
function startEnvironment({ bundles, pools, advance }: FunctionSettings): Record<string, string> {
  const [, ...named] = pools;
  const sizes = named.map(({ name, concurrency }) => [name, { size: concurrency.maxConcurrency }]);
  return {
    POOLS: JSON.stringify(Object.fromEntries(sizes)),
    // What a node may take, and what executions cost, depends on it.
    RUNNERS: JSON.stringify(toRunners(pools)),
    HANDLERS_VERSION: bundles.handlers.version,
    ...(advance !== undefined && { ADVANCE: advance }),
  };
}

/** What starts workflows by their triggers. */
export const createTrigger = (scope: Construct, settings: FunctionSettings): LambdaFunction =>
  creator(scope, settings)('Trigger', {
    description: 'Starts workflows by events, schedules and messages',
    code: codeIn(settings.bundles.folders.trigger),
    timeout: Duration.seconds(TIMEOUT_SECONDS.trigger),
    memorySize: 512,
    environment: startEnvironment(settings),
  });

/** What publishes workflows when they are deployed. */
export const createPublisher = (scope: Construct, settings: FunctionSettings): LambdaFunction =>
  creator(scope, settings)('Publisher', {
    description: 'Publishes the workflows that are deployed with the executor',
    code: codeIn(settings.bundles.folders.publisher),
    timeout: Duration.minutes(2),
    memorySize: 512,
  });
