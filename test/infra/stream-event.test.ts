import { describe, expect, it } from 'vitest';
import { toDynamoDbRecord } from '../../infra/local/stream-event.ts';

const at = (time: string) => new Date(`2030-01-01T${time}Z`);
const stamped = (said: string, readAt: string) => {
  const { dynamodb } = toDynamoDbRecord(
    { dynamodb: { ApproximateCreationDateTime: at(said) } },
    'arn:stream',
    at(readAt).getTime(),
  );
  return new Date((dynamodb?.ApproximateCreationDateTime ?? 0) * 1_000).toISOString().slice(11, 19);
};

describe('when a record came into the stream', () => {
  it('is the second it was read in where only its minute is known', () => {
    expect(stamped('12:00:00', '12:00:37.500')).toBe('12:00:37');
  });

  it('is within the minute that is known, however late it is read', () => {
    expect(stamped('12:00:00', '12:03:10')).toBe('12:00:59');
    expect(stamped('12:00:00', '11:59:59')).toBe('12:00:00');
  });

  it('is what the stream says where it says the second', () => {
    expect(stamped('12:00:07', '12:00:37')).toBe('12:00:07');
  });
});
