import type { LocalSecrets } from '../adapters/local/local-secrets.ts';
import { zodIssues } from '../core/zod-issues.ts';
import { InvalidInputError } from '../errors.ts';
import { type Advance, ExecutionConfigInput } from '../model/config.ts';
import type { Json } from '../model/json.ts';
import { Pools } from '../model/pools.ts';
import type { VersionName } from '../model/version.ts';
import type { AnyHandler } from '../nodes/define-node.ts';
import type { LogLevel } from '../observability/logger.ts';
import type { Clock } from '../ports/clock.ts';
import type { TracingOptions } from '../tracing/tracing-options.ts';
import type { AuthorizationOptions } from './authorization.ts';
import { WorkflowContext } from './workflow-context.ts';

export interface WorkflowExecutorOptions extends AuthorizationOptions {
  /** For executions whose workflow or start says nothing else. */
  readonly config?: ExecutionConfigInput;
  /** Handlers that definitions name. Those of `defineWorkflow` workflows need not be listed. Local only. */
  readonly handlers?: Iterable<AnyHandler>;
  /** Named pools beside `default`, which has no bound of its own. Local only: on AWS the stack says what pools there are. */
  readonly pools?: Pools;
  /**
   * Local only: the secrets that workflows refer to, as values by name or as whoever knows them. Asked once in five
   * minutes for each. Default: the environment's `FANJOIN_SECRET_<NAME>`, the name in capitals with `_` for `-`.
   */
  readonly secrets?: LocalSecrets;
  /** Local only: the SQLite file, made if it is not there. Default `:memory:`, which a crash does not survive. */
  readonly database?: string;
  /**
   * The API of a deployed or locally run stack; without it, workflows run in this process. Requests to an API of API
   * Gateway are signed, with the credentials the AWS SDK finds or with `credentials`; to another host where
   * `credentials` or a `region` are given, or the environment names both.
   */
  readonly endpoint?: string;
  /**
   * Local only: how long executions are kept after their end, with their results and history; none may have a longer timeout.
   * On AWS the stack says (`executionRetention`). Default: they are kept.
   */
  readonly executionRetentionSeconds?: number;
  /** How executions started here advance; local only. Default `eager`. */
  readonly advance?: Advance;
  /** Lines below it are not logged. Default `warn`. */
  readonly logLevel?: LogLevel;
  /** Who gets the spans of executions with `traceExecution`. Local only: on AWS the stack exports them. Default nobody. */
  readonly tracing?: TracingOptions;
  /** Default: real time. */
  readonly clock?: Clock;
  /** In [0, 1), for jitter. Default `Math.random`. */
  readonly random?: () => number;
}

/** What one execution is started with, beside its workflow and input. */
export interface StartOptions {
  /** Goes before the workflow's config and the executor's. */
  readonly config?: ExecutionConfigInput;
  /**
   * A read-only snapshot every node can read: `$globals` in expressions, `context.globals` in handlers. May hold
   * `secret('name')`: handlers find the value there.
   */
  readonly globals?: Readonly<Record<string, Json>>;
  /** Chosen, a start can be repeated: the same request finds the same execution. Default: a new, time-ordered id. */
  readonly executionId?: string;
  /** Of a workflow that is started by its name: `latest` (the default), a number, an alias, or a hash. */
  readonly version?: VersionName;
  /** Kept with the execution, for your own use. */
  readonly tags?: Readonly<Record<string, string>>;
  /** What `list` finds the execution by: at most three, `{ customer: 'c1' }`. On AWS each costs two small writes. */
  readonly searchAttributes?: Readonly<Record<string, string>>;
}

/** What a context stands for. */
export const startOptions = (options: StartOptions | WorkflowContext): StartOptions =>
  options instanceof WorkflowContext
    ? { globals: options.globals, ...(options.id !== undefined && { executionId: options.id }) }
    : options;

/** @throws {InvalidInputError} */
export function parseConfig(config: ExecutionConfigInput): ExecutionConfigInput {
  const parsed = ExecutionConfigInput.safeParse(config);
  if (!parsed.success) throw new InvalidInputError('The execution config', zodIssues(parsed.error));
  return config;
}

/** In milliseconds. @throws {InvalidInputError} */
export function retentionOf({ executionRetentionSeconds: seconds }: WorkflowExecutorOptions): number | undefined {
  if (seconds === undefined || (Number.isFinite(seconds) && seconds > 0)) return seconds && seconds * 1_000;
  const message = `must be more than 0, and is ${seconds}`;
  throw new InvalidInputError('The executor', [{ path: 'executionRetentionSeconds', code: 'INVALID_VALUE', message }]);
}

/** @throws {InvalidInputError} */
export function parsePools(pools: Pools): Pools {
  const parsed = Pools.safeParse(pools);
  if (!parsed.success) throw new InvalidInputError('The configuration of pools', zodIssues(parsed.error));
  return parsed.data;
}
