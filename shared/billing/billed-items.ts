import * as z from 'zod';
import { itemSizeBytes } from '../adapters/local/item-size.ts';
import { MetaItem } from '../model/items.ts';
import { AttemptTimes, Payload } from '../model/result.ts';
import { type LifecycleScope, lifecycleScope } from '../observability/lifecycle-event.ts';
import { type BareEvent, eventsOf } from '../observability/to-events.ts';
import type { Item } from '../ports/item-table.ts';
import { itemType } from '../store/keys.ts';
import { parseItem } from '../store/parse-item.ts';
import { bytesInItem } from '../store/payloads.ts';

/** Where a payload is, and what it weighs in an item. */
const Stored = Payload.transform((payload) =>
  'blob' in payload ? { blob: payload.blob, bytes: 0 } : { bytes: bytesInItem(payload) },
);
export type Stored = z.infer<typeof Stored>;

const visit = { node: z.string(), visit: z.number(), run: z.number() };
const attempts = z.array(AttemptTimes);

/** What of each item tells what it took to write it, and what it led to. */
const SEEN = {
  META: MetaItem.pick({
    executionId: true,
    run: true,
    status: true,
    startedAtMs: true,
    deadlineAtMs: true,
    redrivenAtMs: true,
    pausedAtMs: true,
    resumedAtMs: true,
    stop: true,
    settleElapsed: true,
    isEager: true,
    cache: true,
    cachedFrom: true,
    origin: true,
    endedAtMs: true,
    failedNode: true,
    searchAttributes: true,
  }).extend({ input: Stored, globals: Stored.optional(), output: Stored.optional() }),
  STATE: z.object({ revision: z.number() }),
  RESULT: z.object({
    ...visit,
    status: z.string(),
    queuedAtMs: z.number(),
    attempts,
    output: Stored.optional(),
    failures: Stored.optional(),
    inlined: z.number().optional(),
    ends: z.literal(true).optional(),
    copiedFrom: z.string().optional(),
  }),
  MAP: z.object({ ...visit, manifest: z.string(), startedAtMs: z.number() }),
  CHUNK: z.object({ ...visit, queuedAtMs: z.number(), attempts, outcome: Stored }),
} as const;
type Seen = { [Type in keyof typeof SEEN]: z.infer<(typeof SEEN)[Type]> };

/** An event of the history that an item makes. */
export interface BilledEvent {
  readonly atMs: number;
  /** As it stands in the history's items. */
  readonly bytes: number;
  /** What has to be asked for to find it on a bus. */
  readonly scope: LifecycleScope | undefined;
}

interface Sized {
  readonly bytes: number;
  /** How many items like this one there are: 1, unless it stands for others that were not read. */
  readonly times: number;
  readonly events: readonly BilledEvent[];
}

/** An item of an execution, as it is billed: its size, and what it says of the requests around it. No payload. */
export type BilledItem =
  /** `openBytes`: what it weighed while the execution was open, and in the index of what is due. */
  | (Sized & { readonly type: 'META'; readonly item: Seen['META']; readonly openBytes: number })
  | { [Type in Exclude<keyof Seen, 'META'>]: Sized & { readonly type: Type; readonly item: Seen[Type] } }[Exclude<
      keyof Seen,
      'META'
    >]
  /** Written once, and that is all: `ATTEMPT`, `STARTED`, `CHECKPOINT`. */
  | (Sized & { readonly type: 'OTHER' });
export type BilledItemOf<Type extends BilledItem['type']> = Extract<BilledItem, { type: Type }>;

/** Pure. `undefined` for items that an execution on AWS does not have, or that follow from others: marks, and the history. */
export function toBilledItem(item: Item, times = 1): BilledItem | undefined {
  const sized = { bytes: itemSizeBytes(item), times, events: eventsOf(item).map(toBilledEvent) };
  const type = itemType(item.sk);
  switch (type) {
    case 'META':
      return { ...sized, type, item: parseItem(SEEN.META, item), openBytes: itemSizeBytes(asOpen(item)) };
    case 'STATE':
      return { ...sized, type, item: parseItem(SEEN.STATE, item) };
    case 'RESULT':
      return { ...sized, type, item: parseItem(SEEN.RESULT, item) };
    case 'MAP':
      return { ...sized, type, item: parseItem(SEEN.MAP, item) };
    case 'CHUNK':
      return { ...sized, type, item: parseItem(SEEN.CHUNK, item) };
    case 'ATTEMPT':
    case 'STARTED':
    case 'CHECKPOINT':
      return { ...sized, type: 'OTHER' };
    default:
      return undefined;
  }
}

/** META without what its end adds, and with what its end removes. */
const asOpen = ({ output: _output, error: _error, failedNode: _node, endedAtMs: _ended, ...item }: Item): Item => ({
  ...item,
  dueShard: 'due-0',
  dueAtMs: item.startedAtMs,
});

/** As long as those of DynamoDB's streams mostly are. */
const A_POSITION = `${'0'.repeat(24)}.0`;

const toBilledEvent = (event: BareEvent): BilledEvent => ({
  atMs: event.atMs,
  bytes: JSON.stringify({ ...event, position: A_POSITION, executionId: undefined }).length,
  scope: lifecycleScope(event),
});
