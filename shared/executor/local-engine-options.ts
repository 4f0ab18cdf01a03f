import type { Advance, ExecutionConfigInput } from '../model/config.ts';
import type { Pools } from '../model/pools.ts';
import type { HandlerRegistry } from '../nodes/handler-registry.ts';
import type { Callbacks } from '../observability/callbacks.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from '../ports/clock.ts';
import type { SecretStore } from '../ports/secret-store.ts';
import type { Attempt } from '../runner/attempt.ts';
import type { SpanExport } from '../tracing/span-export.ts';
import type { ServiceParts } from './execution-service.ts';

export interface LocalEngineOptions {
  /** A file, made if it is not there, or `:memory:`. */
  readonly database: string;
  readonly config: ExecutionConfigInput;
  readonly handlers: HandlerRegistry;
  readonly pools: Pools;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: those of the environment. */
  readonly secrets?: SecretStore;
  readonly random: () => number;
  /** How executions started here advance. Default `eager`. */
  readonly advance?: Advance;
  /** Over how many partitions results are spread. Default: they lie beside META, a file being one. */
  readonly resultShards?: ServiceParts['resultShards'];
  /** Default: nobody hears of anything. */
  readonly callbacks?: Callbacks;
  /** Default: nothing is traced. */
  readonly spans?: SpanExport;
  /** Makes time-ordered ids. Default: ULIDs. */
  readonly newId?: (nowMs: number) => string;
  /** How long executions are kept after their end. Default: for good. */
  readonly retentionMs?: number | undefined;
  /** How handlers are called. Default: `attempt`. */
  readonly attempt?: Attempt;
}
