import type * as z from 'zod';
import { InvalidInputError, type Issue } from '../errors.ts';
import { zodIssues } from './zod-issues.ts';

/**
 * What comes from outside, under its schema.
 * @param what names it in the error: `The query`
 * @throws {InvalidInputError}
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new InvalidInputError(what, zodIssues(parsed.error));
  const lost = lostKeys(value, parsed.data, []);
  if (lost.length > 0) throw new InvalidInputError(what, lost);
  return parsed.data;
}

/** Where a key `__proto__` was: schemas of records leave it out without a word. */
function lostKeys(given: unknown, kept: unknown, path: readonly string[]): Issue[] {
  if (given === kept || !isObject(given) || !isObject(kept)) return [];
  const isLost = Object.hasOwn(given, '__proto__') && !Object.hasOwn(kept, '__proto__');
  const message = 'is no name that can be kept here; choose another';
  return [
    ...(isLost ? [{ path: [...path, '__proto__'].join('.'), code: 'INVALID_VALUE', message }] : []),
    ...Object.keys(kept).flatMap((key) => lostKeys(Reflect.get(given, key), Reflect.get(kept, key), [...path, key])),
  ];
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
