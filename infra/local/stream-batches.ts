/** How an event source answers failures. */
export interface FailureSettings {
  /** -1: no limit. */
  readonly maxRetryAttempts: number;
  readonly bisects: boolean;
}

/** A batch that has not been settled. */
export interface PendingBatch<T> {
  readonly records: readonly T[];
  /** Invocations that failed without getting any further. */
  readonly failures: number;
}

export interface NextBatches<T> {
  /** What is to be delivered next, in this order. */
  readonly pending: readonly PendingBatch<T>[];
  /** What was tried too often. */
  readonly givenUp: readonly T[];
}

/**
 * What follows a batch's invocation, as Lambda does it for streams.
 *
 * @param firstFailed index of the lowest record reported as failed; `undefined`: none. All records from it on come again.
 * @param isPartial whether the function said so itself; otherwise it failed as a whole
 */
export function planNext<T>(
  batch: PendingBatch<T>,
  firstFailed: number | undefined,
  isPartial: boolean,
  { maxRetryAttempts, bisects }: FailureSettings,
): NextBatches<T> {
  const { records } = batch;
  if (firstFailed === undefined) return { pending: [], givenUp: [] };
  // Whatever succeeded before the failure is progress, and the count begins anew.
  if (firstFailed > 0) return { pending: [{ records: records.slice(firstFailed), failures: 1 }], givenUp: [] };
  const failures = batch.failures + 1;
  if (!isPartial && bisects && records.length > 1) {
    // A split does not count as a retry.
    const middle = Math.ceil(records.length / 2);
    const half = (part: readonly T[]): PendingBatch<T> => ({ records: part, failures: batch.failures });
    return { pending: [half(records.slice(0, middle)), half(records.slice(middle))], givenUp: [] };
  }
  if (maxRetryAttempts >= 0 && failures > maxRetryAttempts) return { pending: [], givenUp: records };
  return { pending: [{ records, failures }], givenUp: [] };
}
