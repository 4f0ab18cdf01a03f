import * as z from 'zod';

/** Work that neither a runner could finish nor the dead-letter function could settle. */
export const DeadWork = z.object({
  pool: z.string(),
  messageId: z.string(),
  /** How often it was handed out from this queue; each list counts once. */
  receiveCount: z.int(),
  /** What it asked for; absent if the message cannot be read. */
  task: z
    .object({
      kind: z.string(),
      executionId: z.string(),
      run: z.int(),
      node: z.string().optional(),
      visit: z.int().optional(),
      attempt: z.int().optional(),
      chunk: z.int().optional(),
    })
    .optional(),
  /** The first 1,000 characters of a message that cannot be read. */
  body: z.string().optional(),
});
export type DeadWork = z.infer<typeof DeadWork>;

/** Changes of the table that a function was given again and again, until Lambda gave them up. What they were it does not tell. */
export const DeadRecords = z.object({
  messageId: z.string(),
  receiveCount: z.int(),
  /** The function that failed. */
  function: z.string().optional(),
  /** `RetryAttemptsExhausted` or `RecordAgeExceeded`. */
  reason: z.string().optional(),
  records: z.int().optional(),
  shard: z.string().optional(),
  firstSequence: z.string().optional(),
  lastSequence: z.string().optional(),
  /** When they were given up, as ISO 8601. */
  at: z.string().optional(),
  /** The first 1,000 characters of a message that cannot be read. */
  body: z.string().optional(),
});
export type DeadRecords = z.infer<typeof DeadRecords>;

/** An event that was to start a workflow, and did not. */
export const DeadEvent = z.object({
  messageId: z.string(),
  receiveCount: z.int(),
  /** Which workflow, by which of its triggers; absent if the message cannot be read. */
  workflow: z.string().optional(),
  trigger: z.string().optional(),
  /** Of the workflow. Absent: the latest. */
  version: z.union([z.string(), z.number()]).optional(),
  /** The first 1,000 characters of the message. */
  body: z.string(),
});
export type DeadEvent = z.infer<typeof DeadEvent>;

/** What was given up and waits for somebody to look at it. */
export const DeadLetterList = z.object({
  work: z.array(DeadWork),
  records: z.array(DeadRecords),
  events: z.array(DeadEvent),
});
export type DeadLetterList = z.infer<typeof DeadLetterList>;

/** What became of dead letters that were to be tried again. */
export const Redriven = z.object({
  /** Sent back to their pool. */
  redriven: z.int(),
  /** Left where they are: nobody can read them. */
  unreadable: z.int(),
});
export type Redriven = z.infer<typeof Redriven>;

/** What became of records that were to be looked at again. */
export const RedrivenRecords = Redriven.extend({
  /** Executions that were looked at. */
  executionIds: z.array(z.string()),
  /** Removed without a look: the stream keeps changes for a day. What the scheduler missed of them the sweep has found out. */
  gone: z.int(),
  /** Left where they are: looking at them failed again. The log of the API's function says why. */
  failed: z.int(),
});
export type RedrivenRecords = z.infer<typeof RedrivenRecords>;

export interface DeadLetterOptions {
  /** At most so many of each queue. Default 100, at most 500. */
  readonly limit?: number;
}

/** What was given up, wherever it runs. In one process nothing is left over: what its queue gives up is settled at once. */
export interface DeadLetters {
  /** Looks at what is there, and leaves it there. In no order; what another list looks at just now is missing. */
  list(options?: DeadLetterOptions): Promise<DeadLetterList>;
  /**
   * Sends a pool's work back to its queue, to be run as if it had never failed. Of executions that have ended meanwhile it
   * changes nothing.
   * @throws {InvalidInputError} there is no such pool
   */
  redrive(pool: string, options?: DeadLetterOptions): Promise<Redriven>;
  /**
   * Reads the records again that were given up. What they told the scheduler is made good from the results that stand; what
   * they told the observer is written into the history and put on the bus, but not counted in the workflow's metrics.
   */
  redriveRecords(options?: DeadLetterOptions): Promise<RedrivenRecords>;
  /** Sends events back to their queue, to start what they were to start: once, however often they come. */
  redriveEvents(options?: DeadLetterOptions): Promise<Redriven>;
}

export const NO_DEAD_LETTERS: DeadLetters = {
  list: async () => ({ work: [], records: [], events: [] }),
  redrive: async () => ({ redriven: 0, unreadable: 0 }),
  redriveRecords: async () => ({ redriven: 0, unreadable: 0, executionIds: [], gone: 0, failed: 0 }),
  redriveEvents: async () => ({ redriven: 0, unreadable: 0 }),
};
