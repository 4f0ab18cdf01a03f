import type { DynamoDBBatchResponse } from 'aws-lambda';
import type { LifecycleEvents } from '../../shared/observability/lifecycle-events.ts';
import type { Logger } from '../../shared/observability/logger.ts';
import type { Observer } from '../../shared/observability/observer.ts';
import { countIntoWindow, WindowState } from '../../shared/observability/shard-window.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import type { Store } from '../../shared/store/store.ts';

/** What Lambda adds to a batch whose event source has a tumbling window. */
export interface StreamWindow {
  readonly window?: { readonly start: string; readonly end: string };
  /** What the invocation before returned; empty in a new window. */
  readonly state?: Readonly<Record<string, unknown>>;
  readonly shardId?: string;
  readonly isFinalInvokeForWindow?: boolean;
}

export interface StreamWindowResponse extends DynamoDBBatchResponse {
  readonly state: WindowState;
}

interface ObserverParts {
  readonly store: Store;
  readonly observer: Observer;
  readonly logger: Logger;
  /** Names the shard where Lambda does not. */
  readonly shard: string;
  /** Default: no bus is told. */
  readonly lifecycle?: LifecycleEvents | undefined;
  /** Default: nobody wants them. */
  readonly exportSpans?: (records: readonly ChangeRecord[]) => Promise<void>;
}

/**
 * Writes the history of executions, puts what of it others react to on a bus, exports their spans, and writes,
 * minute by minute, their metrics. A batch that fails comes again whole, with the state it came with.
 */
export async function observeBatch(
  { store, observer, logger, shard, lifecycle, exportSpans }: ObserverParts,
  records: readonly ChangeRecord[],
  { window, shardId = shard, isFinalInvokeForWindow = false, state }: StreamWindow,
): Promise<StreamWindowResponse> {
  const [{ told, ended, failed }] = await Promise.all([observer.handle(records), exportSpans?.(records)]);
  for (const group of failed)
    logger.error('observe failed', { execution: group.records[0]?.key.pk, error: group.error });
  if (failed.length > 0) throw new Error(`The history of ${failed.length} executions could not be written`);
  // After the history: who hears of an event finds it there.
  await lifecycle?.publish(told);
  const before = WindowState.parse(state ?? {});
  if (window === undefined) return { state: before, batchItemFailures: [] };
  const startMs = Date.parse(window.start);
  const after = await countIntoWindow({ store, observer }, before, ended, {
    startMs,
    shard: shardId,
    isOver: isFinalInvokeForWindow,
  });
  return { state: after, batchItemFailures: [] };
}
