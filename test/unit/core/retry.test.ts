import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRetryable, matchesErrorName, retryDelay } from '../../../shared/core/retry.ts';
import { RetryPolicy } from '../../../shared/model/config.ts';

const aPolicy = (overrides: object = {}) => RetryPolicy.parse(overrides);

describe('a delay', () => {
  it.each([
    [{ intervalSeconds: 1, backoffRate: 2 }, [1_000, 2_000, 4_000, 8_000]],
    [{ intervalSeconds: 3, backoffRate: 1 }, [3_000, 3_000, 3_000, 3_000]],
    [{ intervalSeconds: 0 }, [0, 0, 0, 0]],
    [{ intervalSeconds: 10, backoffRate: 10, maxDelaySeconds: 50 }, [10_000, 50_000, 50_000, 50_000]],
    [{ intervalSeconds: 0.25, backoffRate: 2 }, [250, 500, 1_000, 2_000]],
  ])('of %j grows as %j', (policy, delays) => {
    expect([1, 2, 3, 4].map((attempt) => retryDelay(aPolicy(policy), attempt, 0.5))).toEqual(delays);
  });

  it('with full jitter is drawn evenly between nothing and what it would be', () => {
    const policy = aPolicy({ intervalSeconds: 10, jitterStrategy: 'FULL' });

    expect([0, 0.25, 0.999999].map((random) => retryDelay(policy, 2, random))).toEqual([0, 5_000, 20_000]);
  });

  it('is a whole, finite number of milliseconds within its bounds, whatever the policy', () => {
    const policies = fc.record({
      intervalSeconds: fc.double({ min: 0, max: 1_000, noNaN: true }),
      backoffRate: fc.double({ min: 1, max: 100, noNaN: true }),
      maxDelaySeconds: fc.option(fc.double({ min: 1_000, max: 100_000, noNaN: true }), { nil: undefined }),
      jitterStrategy: fc.constantFrom('NONE', 'FULL'),
    });

    fc.assert(
      fc.property(
        policies,
        fc.integer({ min: 1, max: 101 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (policy, attempt, random) => {
          const delayMs = retryDelay(aPolicy(policy), attempt, random);

          expect(Number.isInteger(delayMs) && delayMs >= 0).toBe(true);
          expect(delayMs).toBeLessThanOrEqual((policy.maxDelaySeconds ?? Number.POSITIVE_INFINITY) * 1_000 + 1);
        },
      ),
    );
  });
});

describe('an error', () => {
  it.each([
    ['Timeout', 'Timeout', true],
    ['Timeout', 'Time*', true],
    ['Timeout', '*', true],
    ['Timeout', 'timeout', false],
    ['Timeout', 'Time', false],
    ['Timeout', '*out', false],
    ['', '*', true],
  ])('called %j is meant by %j: %s', (name, pattern, isMeant) => {
    expect(matchesErrorName(name, pattern)).toBe(isMeant);
  });

  const anError = (name: string, code?: string) => ({ name, message: '', ...(code !== undefined && { code }) });

  it('is retryable unless something says otherwise', () => {
    expect(isRetryable(aPolicy(), anError('Anything'), undefined)).toBe(true);
  });

  it('follows its own mark before everything else', () => {
    const policy = aPolicy({ nonRetryableErrors: ['A'], retryableErrors: ['B'] });

    expect(isRetryable(policy, anError('A'), true)).toBe(true);
    expect(isRetryable(policy, anError('B'), false)).toBe(false);
  });

  it('of a name in both lists is not retried: the policy contradicts itself, and no is the safe answer', () => {
    expect(isRetryable(aPolicy({ nonRetryableErrors: ['A'], retryableErrors: ['A'] }), anError('A'), undefined)).toBe(
      false,
    );
  });

  it('that is in no list is not retried where there is a list of those that are', () => {
    expect(isRetryable(aPolicy({ retryableErrors: ['A'] }), anError('B'), undefined)).toBe(false);
  });

  it.each([
    'INVALID_NODE_INPUT',
    'INVALID_NODE_OUTPUT',
    'NOT_JSON',
    'UNKNOWN_HANDLER',
    'UNKNOWN_NEXT_NODE',
    'EXPRESSION_FAILED',
    'PAYLOAD_TOO_LARGE',
  ])('with the code %s is never retried: no repetition can mend it', (code) => {
    expect(isRetryable(aPolicy({ retryableErrors: ['*'] }), anError('A', code), undefined)).toBe(false);
  });
});
