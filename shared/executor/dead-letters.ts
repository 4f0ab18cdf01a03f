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

/** What was given up and waits for somebody to look at it. */
export const DeadLetterList = z.object({ work: z.array(DeadWork), records: z.array(DeadRecords) });
export type DeadLetterList = z.infer<typeof DeadLetterList>;

/** What became of dead letters that were to be tried again. */
export const Redriven = z.object({
  /** Sent back to their pool. */
  redriven: z.int(),
  /** Left where they are: nobody can read them. */
  unreadable: z.int(),
});
export type Redriven = z.infer<typeof Redriven>;

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
   * changes nothing. What records told cannot be sent again: the sweep finds it out by itself.
   * @throws {InvalidInputError} there is no such pool
   */
  redrive(pool: string, options?: DeadLetterOptions): Promise<Redriven>;
}

export const NO_DEAD_LETTERS: DeadLetters = {
  list: async () => ({ work: [], records: [] }),
  redrive: async () => ({ redriven: 0, unreadable: 0 }),
};
