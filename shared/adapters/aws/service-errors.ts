/** Errors that pass when one waits, whatever their status. Their names differ from service to service. */
const TRANSIENT_NAMES: ReadonlySet<string> = new Set([
  'InternalException',
  'InternalFailure',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestTimeout',
  'RequestTimeoutException',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'TransactionConflictException',
  'KmsThrottled',
]);

/** Whether an error of this name passes when one waits: of one entry of a batch the name is all there is. */
export const isTransientName = (name: string): boolean => TRANSIENT_NAMES.has(name);

/**
 * Whether sending the same request again may help: throttling, a fault of the service (5xx), a timeout or a broken
 * connection. Not: what the service understood and refused.
 */
export function isTransient(error: unknown): boolean {
  if (isTransientName(errorName(error))) return true;
  const status = httpStatus(error);
  return status === undefined || status < 400 || status >= 500;
}

export const errorName = (error: unknown): string => (error instanceof Error ? error.name : '');

/** The answer's HTTP status; `undefined` when there was no answer. */
export function httpStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
