import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { CLOUDWATCH_METRICS as NAMES } from '../../shared/observability/cloudwatch-metrics.ts';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';

/** A line in CloudWatch's embedded metric format, with what is looked at here. */
const EmbeddedMetrics = z.looseObject({
  _aws: z.object({
    Timestamp: z.number(),
    CloudWatchMetrics: z.tuple([
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.enum(['Count', 'Milliseconds']) })),
      }),
    ]),
  }),
});
const Values = z.union([z.number().transform((one) => [one]), z.array(z.number())]);

describe.skipIf(!canRunEmulators())('what CloudWatch is told', () => {
  let stack: LocalStack;
  let lines: string[];
  const events: ExecutionEvent[] = [];
  beforeAll(async () => {
    ({ stack, lines } = await aLocalStack({
      // What crashes takes its batch along; of a named pool each message has its own.
      pools: { fragile: { size: 2 } },
      tumblingWindowSeconds: 1,
      visibilityTimeoutSeconds: 1,
    }));
    await using executor = new WorkflowExecutor(stack.connection);
    const handles = await Promise.all([
      ...[1, 2, 3].map((n) =>
        executor.start({ name: 'doubling', nodes: { a: { handler: 'double' }, b: { handler: 'double' } } }, { n }),
      ),
      executor.start(
        { name: 'failing', nodes: { a: { handler: 'fail', retry: { maxRetries: 2, intervalSeconds: 0 } } } },
        null,
      ),
      executor.start({ name: 'crashing', nodes: { a: { handler: 'crash', pool: 'fragile' } } }, null),
    ]);
    const waiting = await executor.start(
      { name: 'waiting', nodes: { a: { handler: 'double' } } },
      { n: 1, waitMs: 60_000 },
    );
    await waiting.cancel();
    for (const handle of [...handles, waiting]) for await (const event of handle.events()) events.push(event);
    // A window is told of when it is over, and nothing else says that it is.
    const deadline = Date.now() + 30_000;
    while (told().get(NAMES.duration)?.length !== events.filter(isEnd).length && Date.now() < deadline)
      await delay(100);
  }, 240_000);
  afterAll(() => stack?.stop());

  const isEnd = ({ type }: ExecutionEvent): boolean => type === 'ExecutionEnded';
  const embedded = () =>
    lines.flatMap((line) => {
      const json = /^\[\w+\] (\{.*"_aws".*\})$/.exec(line)?.[1];
      return json === undefined ? [] : [EmbeddedMetrics.parse(JSON.parse(json))];
    });
  /** All values of each metric. */
  const told = (): Map<string, number[]> => {
    const values = new Map<string, number[]>();
    for (const line of embedded())
      for (const { Name } of line._aws.CloudWatchMetrics[0].Metrics)
        values.set(Name, [...(values.get(Name) ?? []), ...Values.parse(line[Name])]);
    return values;
  };
  const sumOf = (name: string) => (told().get(name) ?? []).reduce((sum, value) => sum + value, 0);
  const ascending = (numbers: readonly number[] = []) => numbers.map(Math.round).toSorted((a, b) => a - b);

  it('counts what the histories tell', () => {
    const ends = (status: string) =>
      events.filter((event) => event.type === 'ExecutionEnded' && event.status === status);
    const count = (type: ExecutionEvent['type']) => events.filter((event) => event.type === type).length;

    expect([NAMES.started, NAMES.succeeded, NAMES.failed, NAMES.cancelled, NAMES.retries].map(sumOf)).toEqual([
      count('ExecutionStarted'),
      ends('SUCCEEDED').length,
      ends('FAILED').length,
      ends('CANCELLED').length,
      count('NodeRetryScheduled'),
    ]);
    expect([count('ExecutionStarted'), ends('SUCCEEDED').length, count('NodeRetryScheduled')]).toEqual([6, 3, 2]);
  });

  it('holds each duration, to the millisecond', () => {
    const settled = events.filter((event) => event.type === 'NodeSucceeded' || event.type === 'NodeFailed');

    expect(ascending(told().get(NAMES.duration))).toEqual(
      ascending(events.flatMap((event) => (event.type === 'ExecutionEnded' ? event.durationMs : []))),
    );
    expect(ascending(told().get(NAMES.nodeDuration))).toEqual(ascending(settled.map(({ durationMs }) => durationMs)));
    expect(ascending(told().get(NAMES.queueDelay))).toEqual(
      ascending(settled.filter(({ attempts }) => attempts === 1).map((event) => event.startedAtMs - event.queuedAtMs)),
    );
  });

  it("holds the dead letters and the scheduler's lag", () => {
    expect(sumOf(NAMES.deadLetters)).toBe(1);
    expect(told().get(NAMES.schedulerLag)?.length).toBeGreaterThan(0);
  });

  it('is of this executor, by its path, and names nothing else', () => {
    const one = (line: z.infer<typeof EmbeddedMetrics>) => line._aws.CloudWatchMetrics[0];

    expect(new Set(embedded().map((line) => one(line).Namespace))).toEqual(new Set(['Fanjoin']));
    expect(new Set(embedded().map((line) => line.service))).toEqual(new Set(['Local/Executor']));
    expect(new Set(embedded().flatMap((line) => one(line).Dimensions.flat()))).toEqual(new Set(['service']));
  });

  it('says nothing per node: a line for each window in which something happened', () => {
    const windows = embedded().filter((line) => line[NAMES.nodeDuration] !== undefined);

    expect(windows.length).toBeLessThan(events.length / 2);
    expect(lines.filter((line) => /"level":"(debug|info)"/.test(line))).toEqual([]);
  });

  it('names the execution and the node in the lines of what fails', () => {
    const crashes = lines.filter((line) => line.includes('runner crashed'));

    expect(crashes.length).toBeGreaterThan(0);
    for (const line of crashes) expect(line).toMatch(/"executionId":"[^"]+".*"nodeId":"a"/);
  });
});
