import * as z from 'zod';

const Failure = z.object({ atMs: z.number(), message: z.string() });
export type Failure = z.infer<typeof Failure>;

const QueueStatus = z.object({
  name: z.string(),
  /** Whose dead letters it takes, and what sources gave up; empty: nobody's. */
  deadLettersOf: z.array(z.string()),
  /** What can be received, what somebody has received and not removed, and what is not to be received yet. */
  visible: z.int(),
  inFlight: z.int(),
  delayed: z.int(),
});
export type QueueStatus = z.infer<typeof QueueStatus>;

const StreamStatus = z.object({
  /** The function it feeds. */
  name: z.string(),
  /** How old the oldest record is that was read and is not settled. Absent: there is none. */
  iteratorAgeMs: z.number().optional(),
  /** Records that were read and are not settled. */
  waiting: z.int(),
  /** Records that were settled, given up, and dropped by the filter. */
  settled: z.int(),
  givenUp: z.int(),
  filtered: z.int(),
});
export type StreamStatus = z.infer<typeof StreamStatus>;

const FunctionStatus = z.object({
  name: z.string(),
  invocations: z.int(),
  errors: z.int(),
  throttles: z.int(),
  /** Invocations under way, and the most there were at once. */
  running: z.int(),
  mostRunning: z.int(),
  /** Of the last 1,000 invocations. Absent: none has ended. */
  p50Ms: z.number().optional(),
  p99Ms: z.number().optional(),
  /** The last ones, the oldest first. */
  failures: z.array(Failure),
});
export type FunctionStatus = z.infer<typeof FunctionStatus>;

const RuleStatus = z.object({
  name: z.string(),
  /** What it goes by: the expression of its schedule, or the pattern of its events as JSON. */
  on: z.string(),
  isEnabled: z.boolean(),
  /** Events that went to its targets. */
  matched: z.int(),
  lastAtMs: z.number().optional(),
});
export type RuleStatus = z.infer<typeof RuleStatus>;

/** What a local stack is at. */
export const StackStatus = z.object({
  startedAtMs: z.number(),
  atMs: z.number(),
  /** Of what happens to deliveries. Absent: nothing does. */
  seed: z.number().optional(),
  queues: z.array(QueueStatus),
  streams: z.array(StreamStatus),
  functions: z.array(FunctionStatus),
  rules: z.array(RuleStatus),
});
export type StackStatus = z.infer<typeof StackStatus>;
