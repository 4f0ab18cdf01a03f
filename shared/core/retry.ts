import type { RetryPolicy } from '../model/config.ts';
import type { ErrorInfo } from '../model/result.ts';

/**
 * Whether an error's name is meant by a pattern: the name itself, a beginning followed by `*`, or `*` for all.
 */
export function matchesErrorName(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** fanjoin's own codes for failures that no repetition can mend: what came in or went out has the wrong shape. */
const NEVER_RETRYABLE = new Set([
  'INVALID_NODE_INPUT',
  'INVALID_NODE_OUTPUT',
  'NOT_JSON',
  'UNKNOWN_HANDLER',
  'UNKNOWN_NEXT_NODE',
  'NO_CHOICE_MATCHED',
  'INVALID_MAP_ITEMS',
  'INVALID_EXPRESSION',
  'EXPRESSION_FAILED',
  'EXPRESSION_UNDEFINED',
  'EXPRESSION_LIMIT',
  'PAYLOAD_TOO_LARGE',
  'SECRET_NOT_FOUND',
  'SECRET_TOO_SHORT',
  'SECRET_NOT_TEXT',
  'SECRET_IN_OUTPUT',
]);

/**
 * Whether a failed attempt may be repeated at all. A handler's own mark goes before the policy's lists, these before
 * the rule that a thrown error is retryable.
 *
 * @param mark what the error itself says by a boolean `retryable` property, if it has one
 */
export function isRetryable(policy: RetryPolicy, error: ErrorInfo, mark: boolean | undefined): boolean {
  if (mark !== undefined) return mark;
  if (error.code !== undefined && NEVER_RETRYABLE.has(error.code)) return false;
  if (policy.nonRetryableErrors?.some((pattern) => matchesErrorName(error.name, pattern))) return false;
  return policy.retryableErrors?.some((pattern) => matchesErrorName(error.name, pattern)) ?? true;
}

/**
 * Milliseconds to wait before attempt `attempt + 1`.
 *
 * @param attempt the one that failed, from 1
 * @param random in [0, 1), used by `FULL` jitter
 */
export function retryDelay(policy: RetryPolicy, attempt: number, random: number): number {
  const seconds = policy.intervalSeconds * policy.backoffRate ** (attempt - 1);
  const bounded = Math.min(seconds, policy.maxDelaySeconds ?? Number.MAX_SAFE_INTEGER);
  const milliseconds = Math.min(bounded * 1000, Number.MAX_SAFE_INTEGER);
  return Math.round(policy.jitterStrategy === 'FULL' ? milliseconds * random : milliseconds);
}
