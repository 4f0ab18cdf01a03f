import * as z from 'zod';
import { startOf, type TimelineRow } from './timeline-row.ts';

/** Where a row stands among all of its execution: by the time it was dispatched, then began. */
export interface RowPlace {
  readonly queuedAtMs: number;
  readonly startedAtMs: number;
  readonly nodeId: string;
  readonly visit: number;
}

export const placeOfRow = (row: TimelineRow): RowPlace => ({
  queuedAtMs: startOf(row),
  startedAtMs: row.spans.find(({ kind }) => kind !== 'queued')?.fromMs ?? startOf(row),
  nodeId: row.nodeId,
  visit: row.visit,
});

/** Negative: `a` comes first. */
export const comparePlaces = (a: RowPlace, b: RowPlace): number =>
  a.queuedAtMs - b.queuedAtMs || a.startedAtMs - b.startedAtMs || compareIds(a.nodeId, b.nodeId) || a.visit - b.visit;

/** `n2` before `n10`; the same on any machine. */
const collator = new Intl.Collator('en', { numeric: true });
const compareIds = (a: string, b: string): number => (a === b ? 0 : collator.compare(a, b) || (a < b ? -1 : 1));

/** The place as text, to go on behind it. */
export const encodePlace = ({ queuedAtMs, startedAtMs, nodeId, visit }: RowPlace): string =>
  `${queuedAtMs}.${startedAtMs - queuedAtMs}.${nodeId}.${visit}`;

const Encoded = z
  .string()
  .regex(/^\d{1,15}\.\d{1,15}\.[A-Za-z][A-Za-z0-9_-]{0,79}\.\d{1,6}$/)
  .transform((text): RowPlace => {
    const [queuedAtMs = '', waitedMs = '', nodeId = '', visit = ''] = text.split('.');
    return {
      queuedAtMs: Number(queuedAtMs),
      startedAtMs: Number(queuedAtMs) + Number(waitedMs),
      nodeId,
      visit: Number(visit),
    };
  });

/** What {@link encodePlace} gave; `undefined` of anything else. */
export const decodePlace = (text: string): RowPlace | undefined => Encoded.safeParse(text).data;
