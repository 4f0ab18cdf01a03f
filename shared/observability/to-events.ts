import * as z from 'zod';
import { outlineError } from '../errors.ts';
import { MetaItem } from '../model/items.ts';
import {
  type AttemptRecord,
  AttemptTimes,
  type ErrorInfo,
  isTerminal,
  NodeStatus,
  ResultSource,
} from '../model/result.ts';
import type { ChangeRecord } from '../ports/change-feed.ts';
import type { Item } from '../ports/item-table.ts';
import { itemType } from '../store/keys.ts';
import { parseItem } from '../store/parse-item.ts';
import { positionOf } from './event-position.ts';
import { ErrorOutline, type ExecutionEvent } from './execution-event.ts';

const visit = { sk: z.string(), executionId: z.string(), run: z.number(), node: z.string(), visit: z.number() };
const attempts = z.array(AttemptTimes);

/**
 * What an event takes of each item: no payload. Leaner than the items' own schemas, since on the local twin all of this
 * happens beside the nodes' work, on the same thread.
 */
const SEEN = {
  META: MetaItem.pick({
    executionId: true,
    workflow: true,
    run: true,
    status: true,
    startedAtMs: true,
    redrivenAtMs: true,
    pausedAtMs: true,
    resumedAtMs: true,
    stop: true,
    endedAtMs: true,
    error: true,
    failedNode: true,
    cachedFrom: true,
    origin: true,
  }),
  RESULT: z.object({
    ...visit,
    status: NodeStatus,
    source: ResultSource,
    attempts,
    queuedAtMs: z.number(),
    startedAtMs: z.number(),
    endedAtMs: z.number(),
    error: ErrorOutline.optional(),
    copiedFrom: z.string().optional(),
  }),
  ATTEMPT: z.object({
    ...visit,
    chunk: z.number().optional(),
    attempt: z.number(),
    startedAtMs: z.number(),
    endedAtMs: z.number(),
    nextAttemptAtMs: z.number(),
    error: ErrorOutline,
  }),
  MAP: z.object({ ...visit, items: z.number(), chunks: z.number(), startedAtMs: z.number() }),
  CHUNK: z.object({ ...visit, chunk: z.number(), failedItems: z.number(), attempts, endedAtMs: z.number() }),
  STARTED: z.object({ ...visit, chunk: z.number().optional(), attempt: z.number(), startedAtMs: z.number() }),
} as const;

type SeenMeta = z.infer<typeof SEEN.META>;
/** An event without its place in the history. */
export type BareEvent<Event = ExecutionEvent> = Event extends ExecutionEvent ? Omit<Event, 'position'> : never;

/** Item types that make events, with the attributes that are looked at: all that a repair has to read again. */
export const EVENTFUL: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(SEEN).map(([type, schema]) => [type, Object.keys(schema.shape)]),
);

/** What a change tells of its execution, in order. Pure: the same change gives the same events, ids and positions. */
export function toEvents({ key, before, after, sequence }: ChangeRecord): ExecutionEvent[] {
  if (after === undefined || !EVENTFUL.has(itemType(key.sk))) return [];
  // Of what is written once, only the first write tells anything; META tells what differs.
  if (before !== undefined && key.sk !== 'META') return [];
  return eventsOf(after, before).map((event, index) => ({ ...event, position: positionOf(sequence, index) }));
}

/**
 * The events of an item as it stands; for META, against what it was.
 * @param before absent: all that the item stands for
 */
export function eventsOf(after: Item, before?: Item): BareEvent[] {
  switch (itemType(after.sk)) {
    case 'META':
      return metaEvents(parseItem(SEEN.META, after), before === undefined ? undefined : parseItem(SEEN.META, before));
    case 'RESULT':
      return resultEvents(after);
    case 'ATTEMPT':
      return [retryEvent(after)];
    case 'MAP': {
      const { items, chunks, startedAtMs, ...item } = parseItem(SEEN.MAP, after);
      return [{ type: 'MapPlanned', ...visitOf(item), atMs: startedAtMs, items, chunks }];
    }
    case 'CHUNK': {
      const { chunk, failedItems, attempts, endedAtMs, ...item } = parseItem(SEEN.CHUNK, after);
      const durationMs = runningMs(attempts);
      return [
        {
          type: 'ChunkSettled',
          ...visitOf(item),
          atMs: endedAtMs,
          chunk,
          failedItems,
          attempts: attempts.length,
          durationMs,
        },
      ];
    }
    case 'STARTED': {
      const { chunk, attempt, startedAtMs, ...item } = parseItem(SEEN.STARTED, after);
      return [
        { type: 'NodeStarted', ...visitOf(item), atMs: startedAtMs, attempt, ...(chunk !== undefined && { chunk }) },
      ];
    }
    default:
      return [];
  }
}

/** What attempts took, the waits between them left out. */
export const runningMs = (attempts: readonly Pick<AttemptRecord, 'startedAtMs' | 'endedAtMs'>[]): number =>
  attempts.reduce((sum, { startedAtMs, endedAtMs }) => sum + Math.max(0, endedAtMs - startedAtMs), 0);

function resultEvents(after: Item): BareEvent[] {
  const { copiedFrom, status, source, attempts, queuedAtMs, startedAtMs, endedAtMs, error, ...item } = parseItem(
    SEEN.RESULT,
    after,
  );
  // It ended in another execution, and is told there.
  if (copiedFrom !== undefined) return [];
  const visit = { ...visitOf(item), atMs: endedAtMs };
  if (status === 'SKIPPED') return [{ type: 'NodeSkipped', ...visit }];
  const durationMs = runningMs(attempts);
  const settled = { ...visit, source, attempts: attempts.length, queuedAtMs, startedAtMs, durationMs };
  return status === 'SUCCEEDED'
    ? [{ type: 'NodeSucceeded', ...settled, ...outlined(error) }]
    : [{ type: 'NodeFailed', ...settled, error: outlineError(error ?? { name: 'Error', message: '' }) }];
}

function retryEvent(after: Item): BareEvent {
  const { chunk, attempt, startedAtMs, endedAtMs, nextAttemptAtMs, error, ...item } = parseItem(SEEN.ATTEMPT, after);
  return {
    type: 'NodeRetryScheduled',
    ...visitOf(item),
    atMs: endedAtMs,
    ...(chunk !== undefined && { chunk }),
    attempt,
    durationMs: Math.max(0, endedAtMs - startedAtMs),
    nextAttemptAtMs,
    error: outlineError(error),
  };
}

function metaEvents(after: SeenMeta, before: SeenMeta | undefined): BareEvent[] {
  const { executionId, workflow, run, startedAtMs, redrivenAtMs, pausedAtMs, resumedAtMs, stop } = after;
  const events: BareEvent[] = [];
  const said = (name: string, atMs: number, ofRun = run) => ({
    id: `META#${ofRun}#${name}#${atMs}`,
    executionId,
    run: ofRun,
    atMs,
  });
  if (before === undefined) events.push(startEvent(after, said('STARTED', startedAtMs, 1)));
  if (redrivenAtMs !== undefined && redrivenAtMs !== before?.redrivenAtMs)
    events.push({ type: 'ExecutionRedriven', ...said('REDRIVEN', redrivenAtMs) });
  const flags: BareEvent[] = [];
  if (pausedAtMs !== undefined && pausedAtMs !== before?.pausedAtMs)
    flags.push({ type: 'ExecutionPaused', ...said('PAUSED', pausedAtMs) });
  if (resumedAtMs !== undefined && resumedAtMs !== before?.resumedAtMs)
    flags.push({ type: 'ExecutionResumed', ...said('RESUMED', resumedAtMs) });
  events.push(...flags.sort((a, b) => a.atMs - b.atMs));
  if (stop !== undefined && before?.stop?.atMs !== stop.atMs)
    events.push({ type: 'ExecutionStopping', ...said('STOPPING', stop.atMs), reason: stop.reason });
  const { status, endedAtMs } = after;
  const hadEnded = before !== undefined && isTerminal(before.status) && before.run === run;
  if (endedAtMs !== undefined && status !== 'RUNNING' && status !== 'PAUSED' && !hadEnded) {
    events.push({
      type: 'ExecutionEnded',
      ...said('ENDED', endedAtMs),
      workflow,
      status,
      durationMs: Math.max(0, endedAtMs - (redrivenAtMs ?? startedAtMs)),
      ...outlined(after.error),
      ...(after.failedNode !== undefined && { failedNode: after.failedNode }),
    });
  }
  return events;
}

const startEvent = (
  { workflow, cachedFrom, origin }: SeenMeta,
  said: Pick<BareEvent, 'id' | 'executionId' | 'run' | 'atMs'>,
): BareEvent => ({
  type: 'ExecutionStarted',
  ...said,
  workflow,
  ...(cachedFrom !== undefined && { cachedFrom }),
  ...(origin !== undefined && { checkpointId: origin.checkpointId }),
});

const outlined = (error: ErrorInfo | undefined) => error !== undefined && { error: outlineError(error) };

const visitOf = ({
  sk,
  executionId,
  run,
  node,
  visit,
}: {
  sk: string;
  executionId: string;
  run: number;
  node: string;
  visit: number;
}) => ({
  // Written once: the key says it all.
  id: sk,
  executionId,
  run,
  nodeId: node,
  visit,
});
