import * as z from 'zod';

/** Any JSON value. Inputs, outputs and globals are of this kind; nothing else crosses a queue or the table. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Trusts the shape: the text was parsed by `JSON.parse`, which makes nothing else. */
export const Json: z.ZodType<Json> = z.custom<Json>((value) => value !== undefined);
