import * as z from 'zod';
import { Advance, DEFAULT_ADVANCE } from '../../shared/model/config.ts';

/** What a runner process is to do. */
export const Job = z.strictObject({
  /** The database. */
  file: z.string(),
  /** Where it notes calls and results. */
  log: z.string(),
  executionId: z.string(),
  /** Of the workload. */
  seed: z.int(),
  /** Of the workload, at least. */
  nodes: z.int(),
  /** Takes up an execution that stands by `resume`, else by starting it again. */
  resumes: z.boolean().default(true),
  /** With callbacks, which make the engine look at each change at once. */
  listens: z.boolean().default(false),
  advance: Advance.default(DEFAULT_ADVANCE),
  /** Its clock is so much ahead. */
  clockSkewMs: z.int().default(0),
});
export type Job = z.input<typeof Job>;

/** How far a runner process is: its code is loaded, the file open, the execution taken up, ended, the file closed. */
export const PHASES = ['loaded', 'open', 'going', 'ended', 'closed'] as const;
export type Phase = (typeof PHASES)[number];
