import { setTimeout as delay } from 'node:timers/promises';
import type { Deliveries } from './faults.ts';
import { MAX_ASYNC_BYTES } from './lambda-limits.ts';
import type { InvocationOutcome, LocalFunction } from './local-function.ts';

/** Before the first and the second repetition. Lambda takes a minute and two. */
const RETRY_MS = [1_000, 2_000];
/** After an invocation that was throttled. Lambda takes a second, and in the end five minutes. */
const FIRST_THROTTLED_MS = 100;
const MAX_THROTTLED_MS = 5_000;

export interface AsyncInvocationOptions {
  readonly target: LocalFunction;
  readonly deliveries: Deliveries;
  /** 0 to 2. */
  readonly maxRetryAttempts: number;
  readonly maxEventAgeSeconds: number;
  /** Takes the record of an event that was given up. */
  readonly onGivenUp: (record: object) => Promise<void>;
  readonly log: (line: string) => void;
}

/**
 * Invokes a function as whoever does not wait for it: nobody hears what comes of it, and what fails is tried again. What is
 * throttled spends no retry.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export async function invokeAsync(
  input: unknown,
  { target, deliveries, maxRetryAttempts, maxEventAgeSeconds, onGivenUp, log }: AsyncInvocationOptions,
  signal: AbortSignal,
): Promise<void> {
  const acceptedAtMs = Date.now();
  const bytes = Buffer.byteLength(JSON.stringify(input) ?? '');
  if (bytes > MAX_ASYNC_BYTES) return log(`an event of ${bytes} bytes was refused: ${MAX_ASYNC_BYTES} are taken`);
  const giveUp = (condition: string, invokeCount: number, outcome: InvocationOutcome) => {
    log(`an event was given up (${condition})`);
    return onGivenUp(asyncFailureRecord(input, target, { condition, invokeCount, outcome }));
  };
  let failures = 0;
  for (let throttles = 0; !signal.aborted; ) {
    const outcome = deliveries.isThrottled()
      ? target.throttle()
      : await target.invoke(input, { crashAfterMs: deliveries.crashAfterMs() });
    if (outcome.ok || signal.aborted) return;
    const isThrottled = outcome.isThrottled === true;
    throttles = isThrottled ? throttles + 1 : 0;
    if (!isThrottled && ++failures > maxRetryAttempts) return giveUp('RetriesExhausted', failures, outcome);
    if (Date.now() - acceptedAtMs > maxEventAgeSeconds * 1_000) return giveUp('EventAgeExceeded', failures, outcome);
    const waitMs = isThrottled
      ? Math.min(MAX_THROTTLED_MS, FIRST_THROTTLED_MS * 2 ** (throttles - 1))
      : RETRY_MS[failures - 1];
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
function asyncFailureRecord(
  input: unknown,
  target: LocalFunction,
  {
    condition,
    invokeCount,
    outcome,
  }: { readonly condition: string; readonly invokeCount: number; readonly outcome: InvocationOutcome },
) {
  const { requestId, reason } = outcome.ok ? { requestId: undefined, reason: undefined } : outcome;
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId,
      functionArn: `${target.arn}:$LATEST`,
      condition,
      approximateInvokeCount: invokeCount,
    },
    requestPayload: input,
    ...(invokeCount > 0 && {
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorMessage: reason },
    }),
  };
}
