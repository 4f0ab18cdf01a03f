import type * as z from 'zod';
import { InvalidInputError } from '../errors.ts';
import { zodIssues } from './compile.ts';

/**
 * What comes from outside, under its schema.
 * @param what names it in the error: `The query`
 * @throws {InvalidInputError}
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new InvalidInputError(what, zodIssues(parsed.error));
  return parsed.data;
}
