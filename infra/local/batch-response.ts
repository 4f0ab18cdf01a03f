import * as z from 'zod';
import type { InvocationOutcome } from './local-function.ts';

/** As Lambda reads it: nothing, or no failures, means that all is well. */
const BatchResponse = z.union([
  z.null(),
  z.literal(''),
  z.object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })).nullish() }),
]);

/**
 * The items of a batch that failed, of all its identifiers. What Lambda cannot read as a partial batch response, or that
 * names an item that is not in the batch, fails the batch as a whole.
 *
 * @param reportsFailures whether the event source asks for `ReportBatchItemFailures`
 */
export function failedItems(
  outcome: InvocationOutcome,
  identifiers: readonly string[],
  reportsFailures: boolean,
): ReadonlySet<string> {
  const all = new Set(identifiers);
  if (!outcome.ok) return all;
  if (!reportsFailures) return new Set();
  const response = BatchResponse.safeParse(outcome.result);
  if (!response.success) return all;
  const failed = typeof response.data === 'object' ? (response.data?.batchItemFailures ?? []) : [];
  const failedIdentifiers = new Set(failed.map(({ itemIdentifier }) => itemIdentifier));
  return [...failedIdentifiers].every((identifier) => all.has(identifier)) ? failedIdentifiers : all;
}
