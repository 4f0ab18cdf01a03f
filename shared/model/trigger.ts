import * as z from 'zod';
import { Json } from './json.ts';
import { Expression, Mapping } from './mapping.ts';

/** Names a trigger within its workflow; rules, schedules and executions are called by it. */
export const TriggerId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'a trigger id has a small letter, then up to 39 small letters, digits and -');

/** What a definition calls a bus, a bucket or a queue; the stack says which one it is. */
export const SourceName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,79}$/, 'a name has a letter, then up to 79 letters, digits, - and _');

const common = {
  id: TriggerId,
  /** The execution's input, of what came as `$event`. Default: what came; of a queue the message's body. */
  input: Mapping.optional(),
};

const idempotencyKey = {
  /**
   * Of events that give the same text or number here the first starts an execution, and no other. Default: the id of the
   * event, of a message its `messageId`.
   */
  idempotencyKey: Expression.optional(),
};

/** An event on a bus of EventBridge. */
export const EventTrigger = z.strictObject({
  type: z.literal('event'),
  ...common,
  ...idempotencyKey,
  /** Which events, as in a rule of EventBridge. Checked by `compile`. */
  pattern: z.record(z.string(), Json),
  /** Which bus, by the name the stack knows it by. Default: the account's default bus. */
  bus: SourceName.optional(),
});

/** A time, again and again. Its event is `{ "scheduledTime": "2026-03-29T00:30:00Z" }`, and starts one execution. */
export const ScheduleTrigger = z
  .strictObject({
    type: z.literal('schedule'),
    ...common,
    /** Six fields, as EventBridge Scheduler has them: minutes, hours, day of month, month, day of week, year. */
    cron: z.string().max(256).optional(),
    /** `5 minutes`, `1 hour`, `7 days`: from when it is deployed. */
    rate: z.string().max(256).optional(),
    /** IANA's name of the zone that `cron` is read in, with its summer time. Default `UTC`. */
    timeZone: z.string().max(50).optional(),
  })
  .refine(({ cron, rate }) => (cron === undefined) !== (rate === undefined), {
    message: "needs either 'cron' or 'rate'",
  })
  .refine(({ rate, timeZone }) => rate === undefined || timeZone === undefined, {
    path: ['timeZone'],
    message: 'has no effect on a rate, which counts from when it is deployed; give a cron expression, or leave it out',
  });

/** An object in a bucket, by the event that S3 sends to EventBridge. */
export const S3Trigger = z.strictObject({
  type: z.literal('s3'),
  ...common,
  ...idempotencyKey,
  /** Which bucket, by the name the stack knows it by. */
  bucket: SourceName,
  /** Of the object's key. Default: any. */
  prefix: z.string().min(1).max(1_024).optional(),
  suffix: z.string().min(1).max(1_024).optional(),
  /** What became of it. Default: `created`. */
  events: z
    .array(z.enum(['created', 'deleted']))
    .min(1)
    .optional(),
});

/** A message on a queue of the application. It is removed once it has started an execution. */
export const SqsTrigger = z.strictObject({
  type: z.literal('sqs'),
  ...common,
  ...idempotencyKey,
  /** Which queue, by the name the stack knows it by. No other trigger may read it. */
  queue: SourceName,
});

/** What starts a workflow that is deployed with a stack. */
export const Trigger = z.discriminatedUnion('type', [EventTrigger, ScheduleTrigger, S3Trigger, SqsTrigger]);
export type Trigger = z.infer<typeof Trigger>;
export type EventTrigger = z.infer<typeof EventTrigger>;
export type ScheduleTrigger = z.infer<typeof ScheduleTrigger>;
export type S3Trigger = z.infer<typeof S3Trigger>;
export type SqsTrigger = z.infer<typeof SqsTrigger>;
