import type { RetryPolicy } from '../model/config.ts';
import { matchesErrorName } from './retry.ts';

/** What a retry policy says in one field and takes back in another: the field to change, and how. */
export function retryContradictions({
  maxRetries,
  retryableErrors,
  nonRetryableErrors = [],
}: RetryPolicy): { readonly field: string; readonly message: string }[] {
  if (retryableErrors === undefined) return [];
  if (maxRetries === 0 && retryableErrors.length > 0) {
    const message = 'is 0, so that none of retryableErrors is ever retried; raise it, or leave retryableErrors out';
    return [{ field: 'maxRetries', message }];
  }
  if (maxRetries > 0 && retryableErrors.length === 0) {
    const message =
      'names no error, so that nothing is ever retried; leave it out to retry all, or set maxRetries to 0';
    return [{ field: 'retryableErrors', message }];
  }
  return retryableErrors.flatMap((pattern, index) => {
    // A pattern that covers another one matches it like a name.
    const covering = nonRetryableErrors.find((never) => matchesErrorName(pattern, never));
    if (covering === undefined) return [];
    const message = `names '${pattern}', which nonRetryableErrors takes back by '${covering}'; remove it from one of them`;
    return [{ field: `retryableErrors[${index}]`, message }];
  });
}
