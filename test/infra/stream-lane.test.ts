import type { DynamoDBRecord } from 'aws-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { disturb, type Faults } from '../../infra/local/faults.ts';
import type { InvocationOutcome } from '../../infra/local/local-function.ts';
import type { GivenUpBatch } from '../../infra/local/on-failure-record.ts';
import { RESOURCE_SCHEMAS } from '../../infra/local/resource-schemas.ts';
import { StreamLane } from '../../infra/local/stream-lane.ts';
import { partOf } from '../../infra/local/stream-source.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';

const START_MS = Date.UTC(2030, 0, 1);
const MINUTE_MS = 60_000;

const aRecord = (n: number, { atMs = START_MS, bytes = 100, image = '' } = {}): DynamoDBRecord => ({
  dynamodb: {
    SequenceNumber: String(n),
    ApproximateCreationDateTime: atMs / 1_000,
    SizeBytes: bytes,
    NewImage: { text: { S: image } },
  },
});
const records = (...numbers: number[]) => numbers.map((n) => aRecord(n));

/** An invocation as the function saw it: the numbers of its records, and what windows add. */
interface Seen {
  readonly numbers: readonly number[];
  readonly atMs: number;
  readonly fields: Readonly<Record<string, unknown>>;
}
const StreamEvent = z.looseObject({
  Records: z.array(z.object({ dynamodb: z.object({ SequenceNumber: z.string() }) })),
});
type Answer = (seen: Seen, invocation: number) => unknown;

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** A lane whose function answers as it is told; what an answer throws is what the function throws. */
function aLane(settings: object, answer: Answer = () => null, faults: Partial<Faults> = {}) {
  const clock = new VirtualClock(START_MS);
  const stop = new AbortController();
  stops.push(stop);
  const seen: Seen[] = [];
  const givenUp: GivenUpBatch[] = [];
  let throttles = 0;
  const invoke = async (event: unknown): Promise<InvocationOutcome> => {
    const { Records, ...fields } = StreamEvent.parse(event);
    const now = {
      numbers: Records.map(({ dynamodb }) => Number(dynamodb.SequenceNumber)),
      atMs: clock.nowMs(),
      fields,
    };
    seen.push(now);
    try {
      return { ok: true, result: answer(now, seen.length) };
    } catch (error) {
      if (error instanceof Throttled) return { ok: false, reason: 'Rate Exceeded.', isThrottled: true };
      return { ok: false, reason: String(error), requestId: `request-${seen.length}` };
    }
  };
  const lane = new StreamLane({
    shardId: 'shard-1',
    settings: RESOURCE_SCHEMAS['AWS::Lambda::EventSourceMapping'].parse({
      ...{ BatchSize: 10, EventSourceArn: 'arn:stream', FunctionName: 'F', StartingPosition: 'TRIM_HORIZON' },
      ...settings,
    }),
    invoke,
    throttle: () => {
      throttles++;
      return { ok: false, reason: 'Rate Exceeded.', isThrottled: true };
    },
    deliveries: disturb({ faults, seed: 1 })('tested'),
    onGivenUp: async (batch) => void givenUp.push(batch),
    signal: stop.signal,
    clock,
  });
  return {
    ...{ lane, clock, seen, givenUp },
    batches: () => seen.map(({ numbers }) => numbers),
    throttles: () => throttles,
    /** Lets all happen that is due within so much time. */
    pass: (ms = MINUTE_MS) => clock.pass(ms),
  };
}

class Throttled extends Error {}
const failsOn =
  (...numbers: number[]): Answer =>
  (seen) => {
    if (seen.numbers.some((n) => numbers.includes(n))) throw new Error('poison');
    return null;
  };

describe('batches of a stream', () => {
  it('have at most the batch size, come one at a time and in order', async () => {
    const { lane, batches, pass } = aLane({ BatchSize: 3 });

    lane.push(records(1, 2, 3, 4));
    lane.push(records(5));
    await pass();

    expect(batches()).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  it('have at most 6 MB', async () => {
    const { lane, batches, pass } = aLane({ BatchSize: 10 });
    const image = 'x'.repeat(2_500_000);

    lane.push([1, 2, 3].map((n) => aRecord(n, { image, bytes: image.length })));
    await pass();

    expect(batches()).toEqual([[1, 2], [3]]);
  });

  it('wait for more until the batching window is over, or they are full', async () => {
    const { lane, seen, pass } = aLane({ BatchSize: 3, MaximumBatchingWindowInSeconds: 5 });

    lane.push(records(1));
    await pass(4_999);
    lane.push(records(2));
    await pass(10_000);
    lane.push(records(3));
    await pass(100);
    lane.push(records(4, 5));
    await pass(100);

    expect(seen.map(({ numbers, atMs }) => [numbers, atMs - START_MS])).toEqual([
      [[1, 2], 5_000],
      [[3, 4, 5], 15_099],
    ]);
  });

  it('gather from the end of the invocation before on', async () => {
    const { lane, seen, pass } = aLane({ MaximumBatchingWindowInSeconds: 5 });

    lane.push(records(1));
    await pass(5_000);
    await pass(2_000);
    lane.push(records(2));
    await pass(5_000);

    expect(seen.map(({ atMs }) => atMs - START_MS)).toEqual([5_000, 10_000]);
  });

  it('of one item always come to the same of its parts, those of many to all', () => {
    const parts = Array.from({ length: 200 }, (_, n) => partOf({ S: `key-${n}` }, 10));

    expect(parts).toEqual(Array.from({ length: 200 }, (_, n) => partOf({ S: `key-${n}` }, 10)));
    expect(new Set(parts).size).toBe(10);
    expect(partOf({ S: 'key' }, 1)).toBe(0);
  });
});

describe('a batch that fails', () => {
  it('holds up all behind it until it succeeds', async () => {
    const { lane, batches, pass } = aLane({ BatchSize: 1 }, (_seen, invocation) => {
      if (invocation < 4) throw new Error('not yet');
      return null;
    });

    lane.push(records(1, 2));
    await pass();

    expect(batches()).toEqual([[1], [1], [1], [1], [2]]);
  });

  it('comes again from the lowest number reported, and only where the source asks for reports', async () => {
    const answer: Answer = (_seen, invocation) =>
      invocation === 1 ? { batchItemFailures: [{ itemIdentifier: '3' }, { itemIdentifier: '2' }] } : null;
    const asks = aLane({ FunctionResponseTypes: ['ReportBatchItemFailures'] }, answer);
    const asksNot = aLane({}, answer);

    for (const { lane } of [asks, asksNot]) lane.push(records(1, 2, 3));
    for (const { pass } of [asks, asksNot]) await pass();

    expect(asks.batches()).toEqual([
      [1, 2, 3],
      [2, 3],
    ]);
    expect(asksNot.batches()).toEqual([[1, 2, 3]]);
  });

  it('is halved where the source bisects, which spends no retry', async () => {
    const settings = { BisectBatchOnFunctionError: true, MaximumRetryAttempts: 1 };
    const { lane, batches, givenUp, pass } = aLane(settings, failsOn(3));

    lane.push(records(1, 2, 3, 4));
    await pass();

    expect(batches()).toEqual([[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [4]]);
    expect(givenUp.map((batch) => batch.records)).toEqual([records(3)]);
  });

  it('is given up after its retries, with what is told of that', async () => {
    const { lane, batches, givenUp, pass } = aLane({ MaximumRetryAttempts: 2 }, failsOn(1));

    lane.push(records(1, 2));
    await pass();

    expect(batches()).toEqual(Array(3).fill([1, 2]));
    expect(givenUp).toEqual([
      {
        records: records(1, 2),
        ...{ shardId: 'shard-1', condition: 'RetryAttemptsExhausted', invokeCount: 3, requestId: 'request-3' },
      },
    ]);
  });

  it('is given up without an invocation when it is too old', async () => {
    const { lane, batches, givenUp, pass } = aLane({ MaximumRecordAgeInSeconds: 60 });
    const old = aRecord(1, { atMs: START_MS - 61_000 });

    lane.push([old, aRecord(2)]);
    await pass();

    expect(batches()).toEqual([[2]]);
    expect(givenUp).toMatchObject([{ records: [old], condition: 'RecordAgeExceeded', invokeCount: 0 }]);
  });

  it('is given up when it has become too old by being repeated', async () => {
    const { lane, givenUp, pass } = aLane({ MaximumRecordAgeInSeconds: 60 }, failsOn(1));

    lane.push(records(1));
    await pass(59_000);
    const before = givenUp.length;
    await pass(3_000);

    expect(before).toBe(0);
    expect(givenUp).toMatchObject([{ condition: 'RecordAgeExceeded' }]);
  });

  it('is neither halved nor nearer to being given up by a throttled invocation', async () => {
    const settings = { BisectBatchOnFunctionError: true, MaximumRetryAttempts: 0 };
    const { lane, batches, givenUp, pass } = aLane(settings, (_seen, invocation) => {
      if (invocation < 10) throw new Throttled();
      return null;
    });

    lane.push(records(1, 2));
    await pass();

    expect(batches()).toEqual(Array(10).fill([1, 2]));
    expect(givenUp).toEqual([]);
  });
});

describe('tumbling windows of a stream', () => {
  const windowed = { TumblingWindowInSeconds: 60 };
  const Sum = z.object({ sum: z.number().default(0) });
  const counting: Answer = ({ numbers, fields }) => ({
    state: { sum: numbers.reduce((sum, n) => sum + n, Sum.parse(fields.state).sum) },
  });
  const bounds = (minute: number) => ({
    start: `2030-01-01T00:0${minute}:00Z`,
    end: `2030-01-01T00:0${minute + 1}:00Z`,
  });
  const at = (n: number, seconds: number) => aRecord(n, { atMs: START_MS + seconds * 1_000 });

  it('are those of the time when a record came, whenever it is read; a batch is of one window', async () => {
    const { lane, seen, pass } = aLane(windowed, counting);

    lane.push([at(1, 1), at(2, 59), at(3, 60), at(4, 61)]);
    await pass(10);

    expect(seen.map(({ numbers, fields }) => [numbers, fields])).toMatchObject([
      [[1, 2], { window: bounds(0), state: {}, isFinalInvokeForWindow: false }],
      [[], { window: bounds(0), state: { sum: 3 }, isFinalInvokeForWindow: true }],
      [[3, 4], { window: bounds(1), state: {}, isFinalInvokeForWindow: false }],
    ]);
    expect(seen[0]?.fields).toMatchObject({ shardId: 'shard-1', eventSourceARN: 'arn:stream' });
  });

  it('are closed when their time is over and nothing of the shard is left, not before', async () => {
    const { lane, seen, pass } = aLane(windowed, counting);
    lane.push([at(5, 30)]);
    await pass(10);

    lane.hasNothingUntil(START_MS + 59_000);
    await pass(10);
    const before = seen.length;
    lane.hasNothingUntil(START_MS + 62_000);
    await pass(10);

    expect(before).toBe(1);
    expect(seen[1]).toMatchObject({ numbers: [], fields: { state: { sum: 5 }, isFinalInvokeForWindow: true } });
  });

  it('keep a record that comes after its window was closed for the next', async () => {
    const { lane, seen, pass } = aLane(windowed, counting);
    lane.push([at(1, 30)]);
    await pass(10);
    lane.hasNothingUntil(START_MS + 62_000);
    await pass(10);

    lane.push([at(2, 59)]);
    await pass(10);

    expect(seen[2]?.fields).toMatchObject({ window: bounds(1), state: {} });
  });

  it('fail a batch whose answer has no state, and give the state before to its repetition', async () => {
    const { lane, seen, pass } = aLane({ ...windowed, BatchSize: 1 }, (now, invocation) =>
      invocation === 2 ? null : counting(now, invocation),
    );

    lane.push([at(1, 1), at(2, 2)]);
    await pass(1_000);

    expect(seen.map(({ numbers }) => numbers)).toEqual([[1], [2], [2]]);
    expect(seen[2]?.fields).toMatchObject({ state: { sum: 1 } });
  });

  it('go on only after their last invocation has succeeded', async () => {
    const { lane, seen, pass } = aLane(windowed, (now, invocation) => {
      if (now.fields.isFinalInvokeForWindow === true && invocation < 5) throw new Error('not yet');
      return counting(now, invocation);
    });

    lane.push([at(1, 1), at(2, 61)]);
    await pass();

    expect(seen.map(({ numbers }) => numbers)).toEqual([[1], [], [], [], [], [2]]);
  });

  it('end early when their state has more than 1 MB, with that state', async () => {
    const { lane, seen, pass } = aLane({ ...windowed, BatchSize: 1 }, ({ numbers }) => ({
      state: { text: 'x'.repeat(numbers[0] === 1 ? 1_100_000 : 1) },
    }));

    lane.push([at(1, 1), at(2, 2)]);
    await pass(1_000);

    expect(seen[1]?.fields).toMatchObject({ isFinalInvokeForWindow: true, isWindowTerminatedEarly: true });
    expect(JSON.stringify(seen[1]?.fields.state)).toHaveLength(1_100_011);
    expect(seen[2]).toMatchObject({ numbers: [2], fields: { window: bounds(0), state: {} } });
  });
});

describe('faults of a stream', () => {
  it('deliver a batch twice, one after the other, and keep the order', async () => {
    const { lane, batches, pass } = aLane({ BatchSize: 1 }, () => null, { duplicate: 1 });

    lane.push(records(1, 2));
    await pass();

    expect(batches()).toEqual([[1], [1], [2], [2]]);
  });

  it('throttle a batch without invoking anything, and it comes in the end', async () => {
    const { lane, batches, throttles, pass } = aLane({ BatchSize: 1, MaximumRetryAttempts: 0 }, () => null, {
      throttle: 0.5,
    });

    lane.push(records(1, 2, 3, 4, 5));
    await pass();

    expect(batches()).toEqual([[1], [2], [3], [4], [5]]);
    expect(throttles()).toBeGreaterThan(0);
  });

  it('hold a batch back', async () => {
    const { lane, seen, pass } = aLane({ BatchSize: 1 }, () => null, { delay: 1_000 });

    lane.push(records(1, 2, 3));
    await pass();

    expect((seen.at(-1)?.atMs ?? 0) - START_MS).toBeGreaterThan(100);
  });
});
