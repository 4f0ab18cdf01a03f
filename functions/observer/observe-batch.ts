import type { DynamoDBBatchResponse } from 'aws-lambda';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import type { LifecycleEvents } from '../../shared/observability/lifecycle-events.ts';
import type { Logger } from '../../shared/observability/logger.ts';
import type { Observer } from '../../shared/observability/observer.ts';
import { addToPulse, emptyPulse, type Pulse, valuesIn } from '../../shared/observability/pulse.ts';
import { countIntoWindow, WindowState } from '../../shared/observability/shard-window.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { executionIdOf } from '../../shared/store/keys.ts';
import type { Store } from '../../shared/store/store.ts';

/** Single values that are handed from invocation to invocation: some 10 KB. */
const VALUES_KEPT = 2_000;

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

/** Where Lambda does not say which shard a window is of. */
const UNNAMED_SHARD = 'stream';

interface ObserverParts {
  readonly store: Store;
  readonly observer: Observer;
  readonly logger: Logger;
  /** Default: no bus is told. */
  readonly lifecycle?: LifecycleEvents | undefined;
  /** Takes what happened in a minute. Default: nobody wants it. */
  readonly tellPulse?: ((pulse: Pulse) => void) | undefined;
  /** Default: nobody wants them. */
  readonly exportSpans?: (records: readonly ChangeRecord[]) => Promise<void>;
}

/**
 * Writes the history of executions, puts what of it others react to on a bus, exports their spans, and writes,
 * minute by minute, their metrics. A batch that fails comes again whole, with the state it came with.
 */
export async function observeBatch(
  { store, observer, logger, lifecycle, tellPulse, exportSpans }: ObserverParts,
  records: readonly ChangeRecord[],
  { window, shardId = UNNAMED_SHARD, isFinalInvokeForWindow = false, state }: StreamWindow,
): Promise<StreamWindowResponse> {
  const [{ told, ended, failed }] = await Promise.all([observer.handle(records), exportSpans?.(records)]);
  for (const group of failed)
    logger.error('observe failed', { executionId: executionIdOf(group.records[0]), error: group.error });
  if (failed.length > 0) throw new Error(`The history of ${failed.length} executions could not be written`);
  // After the history: who hears of an event finds it there.
  await lifecycle?.publish(told);
  const before = WindowState.parse(state ?? {});
  const events = told.flatMap((execution) => execution.events);
  if (window === undefined) {
    tellOf(tellPulse, before.pulse, events, { isOver: true });
    return { state: { ...before, pulse: undefined }, batchItemFailures: [] };
  }
  const startMs = Date.parse(window.start);
  const after = await countIntoWindow({ store, observer }, before, ended, {
    startMs,
    shard: shardId,
    isOver: isFinalInvokeForWindow,
  });
  // Last: a batch that fails comes again, and would be told of again.
  const pulse = tellOf(tellPulse, before.pulse, events, { isOver: isFinalInvokeForWindow });
  return { state: { ...after, pulse }, batchItemFailures: [] };
}

/** Tells of a window when it is over, or when it holds so much that the state it is kept in becomes heavy. */
function tellOf(
  tell: ObserverParts['tellPulse'],
  before: Pulse | undefined,
  events: readonly ExecutionEvent[],
  { isOver }: { readonly isOver: boolean },
): Pulse | undefined {
  if (tell === undefined) return undefined;
  const pulse = structuredClone(before) ?? emptyPulse();
  for (const event of events) addToPulse(pulse, event);
  if (!isOver && valuesIn(pulse) < VALUES_KEPT) return pulse;
  tell(pulse);
  return undefined;
}
