export interface Received {
  readonly messageId: string;
  /** How often it was delivered, this time included. */
  readonly receiveCount: number;
}

/**
 * How to work on a batch so that a message whose handler kills the process takes no other down with it for good. First
 * deliveries run side by side. What comes again may be what killed the last one, or only have stood beside it: it runs
 * alone, one after another, by id on even deliveries and in reverse on odd ones. Whoever stood behind the killer in one
 * order stands before it in the next, and has its result written by then.
 */
export function deliveryOrder<T extends Received>(
  batch: readonly T[],
): { readonly together: T[]; readonly oneByOne: T[] } {
  const together = batch.filter(({ receiveCount }) => receiveCount === 1);
  const again = batch.filter(({ receiveCount }) => receiveCount > 1);
  const direction = Math.max(0, ...again.map(({ receiveCount }) => receiveCount)) % 2 === 0 ? 1 : -1;
  const oneByOne = again.sort((a, b) => (a.messageId < b.messageId ? -direction : direction));
  return { together, oneByOne };
}
