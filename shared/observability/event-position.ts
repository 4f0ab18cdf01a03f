import * as z from 'zod';

/** As wide as the sequence numbers of DynamoDB streams get. */
const SEQUENCE_DIGITS = 40;
const INDEX_DIGITS = 8;

/**
 * A place in an execution's history: the sequence number of a change record, and which of its events it is. Of an execution
 * whose results are spread over several partitions it has one for each, since what they tell comes side by side.
 */
export const EventPosition = z
  .string()
  .regex(
    /^\d{1,40}\.\d{1,8}(~\d{1,40}\.\d{1,8}){0,32}$/,
    "a position is the 'position' of an event, or the 'next' of a page",
  );

export const positionOf = (sequence: string, index: number): string => `${sequence}.${index}`;

/** Where in each of several logs a position stands; one of a single log stands for all. */
export function placesIn(position: string | undefined, logs: number): string[] {
  const places = position?.split('~') ?? [];
  return Array.from({ length: logs }, (_, log) => places[log] ?? places[0] ?? BEFORE_ALL);
}

export const joinPlaces = (places: readonly string[]): string => places.join('~');

const BEFORE_ALL = '0.0';

/** The position in a form that sorts as text. */
export function sortablePosition(position: string): string {
  const [sequence = '', index = ''] = position.split('.');
  return `${sequence.padStart(SEQUENCE_DIGITS, '0')}.${index.padStart(INDEX_DIGITS, '0')}`;
}

/** The position `count` places behind this one, before that of any later change. */
export function behind(position: string, count: number): string {
  const [sequence = '0', index = '0'] = position.split('.');
  return positionOf(sequence, Number(index) + count);
}

/** Negative: `a` comes first. Both as readers of one history have them. */
export function comparePositions(a: string, b: string): number {
  const others = b.split('~').map(sortablePosition);
  for (const [log, place] of a.split('~').map(sortablePosition).entries()) {
    const other = others[log] ?? '';
    if (place !== other) return place < other ? -1 : 1;
  }
  return 0;
}
