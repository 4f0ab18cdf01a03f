import * as z from 'zod';

/** A JSON value that is too large for an answer, and where it is to be had. */
export const ValueLink = z.object({
  /** Answers a GET with the value; it is signed, so that no header is needed. */
  url: z.url(),
  /** Of the value's JSON. */
  bytes: z.int(),
  /** Until then, or until the credentials that signed it end; asking anew gives another. */
  expiresAtMs: z.number(),
});
export type ValueLink = z.infer<typeof ValueLink>;
