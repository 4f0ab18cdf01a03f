/**
 * What one synchronous invocation takes, and what it gives: 6 MB, and the 100 bytes more that Lambda's error message says.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const MAX_INVOCATION_BYTES = 6_291_556;

/**
 * What one asynchronous invocation takes.
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export const MAX_ASYNC_BYTES = 1_048_576;

/**
 * What a poller puts into one batch, however many records that are.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
 */
export const MAX_BATCH_BYTES = 6_291_456;
