import * as z from 'zod';

/** One thing that is wrong with an input, at a place in it. */
export const Issue = z.object({
  /** Where: `nodes.ship.dependsOn[1]`; empty for the whole. */
  path: z.string(),
  /** Stable, upper case: `UNKNOWN_NODE`, `CYCLE`, … */
  code: z.string(),
  message: z.string(),
});

/** What the HTTP API answers in place of a result: a problem document (RFC 9457). */
export const Problem = z.object({
  type: z.string(),
  /** Our error code. */
  title: z.string(),
  /** The HTTP status. */
  status: z.int(),
  detail: z.string(),
  /** What exactly is not valid in the request. */
  issues: z.array(Issue).optional(),
  /** What the error is about, by name: ids, the state something is in. */
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof Problem>;
