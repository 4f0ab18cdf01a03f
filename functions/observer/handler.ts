import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { toChangeRecord } from '../../shared/adapters/aws/stream-record.ts';
import { Observer } from '../../shared/observability/observer.ts';
import { countIntoWindow, WindowState } from '../../shared/observability/shard-window.ts';
import { logger, store } from '../runtime.ts';
import { openLifecycle } from './lifecycle.ts';
import { exportSpans } from './spans.ts';

/** One name for all shards: only records of one partition key are ever compared. */
const SHARD = 'stream';

/** A batch of a stream whose event source has a tumbling window. The types of `aws-lambda` have it for Kinesis only. */
export interface StreamWindowEvent extends DynamoDBStreamEvent {
  readonly window?: { readonly start: string; readonly end: string };
  /** What the invocation before returned; empty in a new window. */
  readonly state?: Readonly<Record<string, unknown>>;
  readonly shardId?: string;
  readonly isFinalInvokeForWindow?: boolean;
}

export interface StreamWindowResponse extends DynamoDBBatchResponse {
  readonly state: WindowState;
}

const observer = new Observer(store);
const lifecycle = await openLifecycle();

/**
 * Writes the history of executions, puts what of it others react to on a bus, exports their spans, and writes,
 * minute by minute, their metrics.
 * A batch that fails comes again whole, with the state it came with.
 */
export const handler = async (event: StreamWindowEvent): Promise<StreamWindowResponse> => {
  const records = event.Records.map((record) => toChangeRecord(record, SHARD));
  const [{ told, ended, failed }] = await Promise.all([observer.handle(records), exportSpans(records)]);
  for (const { records, error } of failed) logger.error('observe failed', { execution: records[0]?.key.pk, error });
  if (failed.length > 0) throw new Error(`The history of ${failed.length} executions could not be written`);
  // After the history: who hears of an event finds it there.
  await lifecycle?.publish(told);
  const { window, shardId = SHARD, isFinalInvokeForWindow = false, state } = event;
  const before = WindowState.parse(state ?? {});
  if (window === undefined) return { state: before, batchItemFailures: [] };
  const startMs = Date.parse(window.start);
  const after = await countIntoWindow({ store, observer }, before, ended, {
    startMs,
    shard: shardId,
    isOver: isFinalInvokeForWindow,
  });
  return { state: after, batchItemFailures: [] };
};
