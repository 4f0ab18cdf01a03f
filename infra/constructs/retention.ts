import { Duration } from 'aws-cdk-lib';
import { FanjoinError } from '../../shared/errors.ts';

export interface Retention {
  readonly executionRetention?: Duration | undefined;
  readonly payloadRetention?: Duration | undefined;
}

/**
 * How long executions and their payloads are kept.
 * @throws {FanjoinError} `INVALID_RETENTION`: what the table or the bucket cannot do, or payloads that go before what points to them
 */
export function retentionOf({ executionRetention, payloadRetention }: Retention): Retention {
  if (executionRetention !== undefined && !isWhole(executionRetention, 'Seconds'))
    throw invalid('executionRetention', executionRetention, 'the table expires items by whole seconds, one or more');
  if (payloadRetention === undefined) return { executionRetention, payloadRetention: payloadsOf(executionRetention) };
  if (!isWhole(payloadRetention, 'Days'))
    throw invalid('payloadRetention', payloadRetention, 'S3 expires objects by whole days, one or more');
  if (executionRetention !== undefined && isShorter(payloadRetention, executionRetention))
    throw invalid(
      'payloadRetention',
      payloadRetention,
      'it is shorter than executionRetention, so results would be listed that nobody can read any more. Leave it out, and it follows from that',
    );
  return { executionRetention, payloadRetention };
}

/** No sooner than what points to them: an item is kept for two retentions, and deleted within two days of that. */
const payloadsOf = (executionRetention: Duration | undefined): Duration | undefined =>
  executionRetention === undefined
    ? undefined
    : Duration.days(Math.ceil((2 * executionRetention.toSeconds()) / 86_400) + 2);

function isWhole(duration: Duration, unit: 'Seconds' | 'Days'): boolean {
  if (duration.isUnresolved()) return true;
  const count = unit === 'Days' ? duration.toDays({ integral: false }) : duration.toSeconds({ integral: false });
  return Number.isInteger(count) && count >= 1;
}

const isShorter = (one: Duration, other: Duration): boolean =>
  !one.isUnresolved() && !other.isUnresolved() && one.toSeconds() < other.toSeconds();

const invalid = (prop: string, duration: Duration, why: string): FanjoinError =>
  new FanjoinError('INVALID_RETENTION', `${prop} is ${duration.toHumanString()}: ${why}`);
