import * as z from 'zod';
import type { Store } from '../store/store.ts';
import type { EndedExecution, Observer } from './observer.ts';
import { Pulse } from './pulse.ts';
import { Tally } from './tally.ts';

/** What an invocation hands to the next one of the same window; Lambda keeps it. */
export const WindowState = z.object({
  /** How many parts of the window are written already. */
  part: z.int().default(0),
  /** By workflow. */
  tallies: z.record(z.string(), Tally).default({}),
  /** What CloudWatch is still to be told. */
  pulse: Pulse.optional(),
});
export type WindowState = z.infer<typeof WindowState>;

/** A tumbling window of one shard of the stream. */
export interface ShardWindow {
  readonly startMs: number;
  /** Of the shard: nobody else counts under it. */
  readonly shard: string;
  /** Nothing more belongs to it. */
  readonly isOver: boolean;
}

/** Lambda ends a window whose state is over 1 MB; so much is written as a part of it before. */
const MAX_STATE_BYTES = 500_000;

/**
 * Counts what ended into a window, and writes it when it is over. The state comes from Lambda and goes back to it, so that
 * an invocation that is repeated counts from where it began, and what it writes, it writes whole.
 */
export async function countIntoWindow(
  { store, observer }: { store: Store; observer: Observer },
  { part, tallies }: WindowState,
  ended: readonly EndedExecution[],
  { startMs, shard, isOver }: ShardWindow,
): Promise<WindowState> {
  const counted = new Map(Object.entries(tallies));
  await observer.count(counted, ended);
  const state = { part, tallies: Object.fromEntries(counted) };
  if (!isOver && JSON.stringify(state).length <= MAX_STATE_BYTES) return state;
  await Promise.all(
    [...counted].map(([workflow, tally]) => store.metrics.put({ workflow, startMs, shard: `${shard}.${part}`, tally })),
  );
  return { part: part + 1, tallies: {} };
}
