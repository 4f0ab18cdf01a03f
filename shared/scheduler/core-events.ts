import { fromRanges } from '../core/bits.ts';
import type { CoreEvent, WorkRef } from '../core/events.ts';
import { findNode, type Plan } from '../core/plan.ts';
import { decodeWork } from '../core/work-list.ts';
import { CorruptItemError } from '../errors.ts';
import { ChunkItem, MapItem, type MetaItem, ResultItem } from '../model/items.ts';
import type { VisitTask } from '../model/message.ts';
import { NODE_ABORTED } from '../model/result.ts';
import type { ExecutionState } from '../model/state.ts';
import type { ChangeRecord } from '../ports/change-feed.ts';
import { parseMeta } from '../store/execution-store.ts';
import { itemType } from '../store/keys.ts';
import { parseItem } from '../store/parse-item.ts';

/** What a change record tells the core. Changes the core need not hear of, and items of another run, tell nothing. */
export function toCoreEvents(plan: Plan, run: number, { key, before, after }: ChangeRecord): CoreEvent[] {
  if (after === undefined) return [];
  switch (itemType(key.sk)) {
    case 'META':
      return flagEvents(plan, before === undefined ? undefined : parseMeta(before), parseMeta(after));
    case 'RESULT': {
      const result = parseItem(ResultItem, after);
      return result.run === run ? [resultEvent(plan, result)] : [];
    }
    case 'MAP': {
      const map = parseItem(MapItem, after);
      return map.run === run ? [mapEvent(plan, map)] : [];
    }
    case 'CHUNK': {
      const chunk = parseItem(ChunkItem, after);
      return chunk.run === run ? [chunkEvent(plan, chunk)] : [];
    }
    default:
      return [];
  }
}

export function resultEvent(
  plan: Plan,
  { node, visit, status, next, handedOff }: ResultItem,
): CoreEvent & { type: 'settled' } {
  return {
    type: 'settled',
    node: indexOf(plan, node),
    visit,
    status,
    next: next === undefined || next === null ? null : indexOf(plan, next),
    ...(handedOff !== undefined && { handedOff: [...fromRanges(handedOff)] }),
  };
}

export const mapEvent = (plan: Plan, { node, visit, items, chunks }: MapItem): CoreEvent => ({
  type: 'mapPlanned',
  node: indexOf(plan, node),
  visit,
  items,
  chunks,
});

export const chunkEvent = (
  plan: Plan,
  { node, visit, chunk, failedItems }: Pick<ChunkItem, 'node' | 'visit' | 'chunk' | 'failedItems'>,
): CoreEvent => ({
  type: 'chunkSettled',
  node: indexOf(plan, node),
  visit,
  chunk,
  failedItems,
});

/** What META's flags mean, against what they were. `before` absent: it was just created, or nothing is known. */
export function flagEvents(plan: Plan, before: MetaItem | undefined, after: MetaItem): CoreEvent[] {
  const events: CoreEvent[] = [];
  const isRedriven = before !== undefined && after.run > before.run;
  if (isRedriven) events.push({ type: 'redriven', run: after.run });
  if (before?.status !== 'PAUSED' && after.status === 'PAUSED') events.push({ type: 'paused' });
  if (before?.status === 'PAUSED' && after.status === 'RUNNING') {
    events.push({ type: 'resumed', parked: [...(before.parked ?? [])].flatMap(decodeWork) });
  }
  for (const node of after.pauseBefore ?? []) {
    // One that was set as the run before ended may be news.
    if (isRedriven || !before?.pauseBefore?.has(node)) events.push({ type: 'pausePoint', node: indexOf(plan, node) });
  }
  if (before?.stop === undefined && after.stop !== undefined)
    events.push({ type: 'stopped', reason: after.stop.reason });
  // Refused while it runs: the pause point it came to is the scheduler's. While it stops, what is parked never runs.
  if (after.stop !== undefined) events.push(...returned([...(after.parked ?? [])]));
  else if (after.status === 'RUNNING')
    events.push(...returned([...(after.parked ?? [])].filter((work) => before?.parked?.has(work) !== true)));
  // Who ran what came before it may have told nobody: a pause is to know all that has ended.
  if (after.isEager === true && after.status === 'PAUSED' && (before?.parked?.size ?? 0) < (after.parked?.size ?? 0))
    events.push({ type: 'parked' });
  if (before?.settleElapsed === undefined && after.settleElapsed === true) events.push({ type: 'settleElapsed' });
  return events;
}

const returned = (parked: readonly string[]): CoreEvent[] =>
  parked.length === 0 ? [] : [{ type: 'returned', work: parked.flatMap(decodeWork) }];

/**
 * Tells `events` after the stop that META stands under, if the state has not heard of it: what a stop cut off is no failure
 * of its own, and the records of two items come in any order.
 */
export function afterStop(
  meta: MetaItem,
  state: ExecutionState | undefined,
  events: readonly CoreEvent[],
): readonly CoreEvent[] {
  const { stop, run } = meta;
  if (stop === undefined || events.length === 0) return events;
  const redrive = events.findIndex((event) => event.type === 'redriven' && event.run === run);
  const isKnown = state?.run === run ? state.stop !== undefined : state !== undefined && redrive < 0;
  return isKnown ? events : events.toSpliced(redrive + 1, 0, { type: 'stopped', reason: stop.reason });
}

/** Whether it may be of a node that a stop cut off: then META says so by now. Of a chunk only how many items failed is told. */
export function tellsOfStop({ key, after }: ChangeRecord): boolean {
  if (after === undefined) return false;
  switch (itemType(key.sk)) {
    case 'RESULT':
      return after.status === 'FAILED' && parseItem(ResultItem, after).error?.code === NODE_ABORTED;
    case 'CHUNK':
      return typeof after.failedItems === 'number' && after.failedItems > 0;
    default:
      return false;
  }
}

/** The work a message asks for. */
export function workOf(plan: Plan, message: VisitTask): WorkRef {
  const { visit } = message;
  const node = indexOf(plan, message.node);
  return message.kind === 'chunk'
    ? { kind: 'chunk', node, visit, chunk: message.chunk }
    : { kind: message.kind, node, visit };
}

export function indexOf(plan: Plan, node: string): number {
  const found = findNode(plan, node);
  if (found === undefined)
    throw new CorruptItemError(
      `An item of the workflow '${plan.definition.name}'`,
      `it names a node that is not in the definition: '${node}'`,
    );
  return found.index;
}
