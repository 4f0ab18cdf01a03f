import * as z from 'zod';

/** As wide as the sequence numbers of DynamoDB streams get. */
const SEQUENCE_DIGITS = 40;
const INDEX_DIGITS = 8;

/** A place in an execution's history: the sequence number of a change record, and which of its events it is. */
export const EventPosition = z
  .string()
  .regex(/^\d{1,40}\.\d{1,8}$/, "a position is the 'position' of an event, or the 'next' of a page");

export const positionOf = (sequence: string, index: number): string => `${sequence}.${index}`;

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

/** Negative: `a` comes first. */
export function comparePositions(a: string, b: string): number {
  const left = sortablePosition(a);
  const right = sortablePosition(b);
  return left < right ? -1 : left > right ? 1 : 0;
}
