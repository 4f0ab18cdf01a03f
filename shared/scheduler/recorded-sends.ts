import type { WorkRef } from '../core/events.ts';
import { openWork } from '../core/open-work.ts';
import type { Plan } from '../core/plan.ts';
import { decodeWork, encodeWork } from '../core/work-list.ts';
import type { StateItem } from '../model/items.ts';
import type { ExecutionState } from '../model/state.ts';
import { type ChangeRecord, compareSequence } from '../ports/change-feed.ts';
import type { Item } from '../ports/item-table.ts';

type Batches = StateItem['batches'];

/** Under this name a repair records what it is about to send, and no longer: no stream brings that a second time, but the next repair does. */
const REPAIR = 'repair';
/** Under this name the version before recorded the last record of a batch; nobody else's name is like it. */
const EARLIER = 'stream';
/** As many deciders died or moved on between a save and their next one as are looked through without a word. */
const NAMES_KEPT = 8;
/** So many at the most: each is a decider that may have died after its save, with work that is open still. */
const MOST_NAMES = 32;

/**
 * Records of flags that were not decided on. Results, maps and chunks are written once, and the state knows those it was
 * told of; a flag that is told again may be past. Only records of META are compared: the stream keeps the order of one
 * item, and of nothing more.
 */
export function unheard(state: StateItem | undefined, records: readonly ChangeRecord[]): readonly ChangeRecord[] {
  const heard = state?.metaSequence ?? state?.batches[EARLIER]?.sequence;
  return records.filter(
    ({ key, after, sequence }) =>
      key.sk !== 'META' ||
      (!isOfEarlierRun(after, state) && (heard === undefined || compareSequence(sequence, heard) > 0)),
  );
}

/** Of a redrive a repair may have heard before the stream told: what stopped the run before is nothing to this one. */
const isOfEarlierRun = (after: Item | undefined, state: StateItem | undefined): boolean =>
  state !== undefined && typeof after?.run === 'number' && after.run < state.state.run;

/** The last record of META that is decided on once `records` are. */
export const metaSequenceAfter = (
  state: StateItem | undefined,
  unheardRecords: readonly ChangeRecord[],
): string | undefined => unheardRecords.findLast(({ key }) => key.sk === 'META')?.sequence ?? state?.metaSequence;

/** What was decided on these records before: its sends may not have been sent. */
export interface RecordedSends {
  readonly names: ReadonlySet<string>;
  readonly work: readonly WorkRef[];
  /** The batch was cut: another part of it is to come, and would find the same. */
  readonly isCut: boolean;
}

export function recordedSends(state: StateItem | undefined, records: readonly ChangeRecord[]): RecordedSends {
  const sequences = new Set(records.map(({ sequence }) => sequence));
  const found = Object.entries(state?.batches ?? {}).filter(([name, { sequence: first, last = first }]) => {
    if (name === EARLIER) return records.some(({ sequence }) => compareSequence(sequence, first) <= 0);
    return name !== REPAIR && (sequences.has(first) || sequences.has(last));
  });
  return {
    names: new Set(found.map(([name]) => name)),
    work: decodeWork(
      found
        .map(([, { sends }]) => sends)
        .filter((sends) => sends !== '')
        .join(';'),
    ),
    isCut: found.some(([, { sequence: first, last = first }]) => sequences.has(first) !== sequences.has(last)),
  };
}

/**
 * Records what `decider` is about to send. A decider names itself and saves again only when it has sent what it recorded
 * before, so one record of each is enough. It is found again by the first record of its batch, and by the last: a batch that
 * failed comes again cut, and whoever has its beginning may have read the state before the save of a decider that died
 * took effect.
 * @param repeated names whose sends are among these
 */
export function withSends(
  plan: Plan,
  state: StateItem | undefined,
  next: ExecutionState,
  { decider, first, last, repeated, sends }: Decided,
): Batches {
  const revision = (state?.revision ?? 0) + 1;
  const others = Object.entries(state?.batches ?? {}).filter(([name]) => name !== decider && !repeated.has(name));
  const batches = { ...Object.fromEntries(kept(plan, next, others)) };
  const end = last === first ? {} : { last: last.sequence };
  batches[decider] = { sequence: first.sequence, ...end, sends: encodeWork(sends), revision };
  return batches;
}

export interface Decided {
  readonly decider: string;
  /** The first record of the batch that was decided on, and the last. */
  readonly first: ChangeRecord;
  readonly last: ChangeRecord;
  readonly repeated: ReadonlySet<string>;
  readonly sends: readonly WorkRef[];
}

/** All of them while they are few; then those with work that is still open, the latest of them. */
function kept(plan: Plan, next: ExecutionState, entries: readonly [string, Batches[string]][]) {
  if (entries.length < NAMES_KEPT) return entries;
  const open = new Set(openWork(plan, next).map((ref) => encodeWork([ref])));
  return entries
    .filter(([name, { sends }]) => name === REPAIR || decodeWork(sends).some((ref) => open.has(encodeWork([ref]))))
    .sort(([, a], [, b]) => (b.revision ?? 0) - (a.revision ?? 0))
    .slice(0, MOST_NAMES);
}

/** What a repair was about to send: it may have died before it did. */
export const unsureSends = (state: StateItem | undefined): WorkRef[] => decodeWork(state?.batches[REPAIR]?.sends ?? '');

export function withRepair(state: StateItem | undefined, sends: readonly WorkRef[]): Batches {
  const revision = (state?.revision ?? 0) + 1;
  return { ...state?.batches, [REPAIR]: { sequence: String(revision), sends: encodeWork(sends), revision } };
}

export function withoutRepair({ batches: { [REPAIR]: _sent, ...others } }: StateItem): Batches {
  return others;
}
