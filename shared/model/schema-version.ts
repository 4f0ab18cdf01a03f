import * as z from 'zod';

/**
 * The newest schema of items and messages that this code reads. It reads all before as well, one back at the least; what
 * says nothing is of version 1.
 *
 * An item or message says the *oldest* version that reads it rightly. So most say 1, whoever wrote them: while a deploy is
 * under way, and after a rollback, older code goes on with all but what it would misread. Raise this when older code would
 * do something wrong with a new attribute, and say the new version only where that attribute is there.
 *
 * - 1: the first.
 * - 2: `META` and messages of executions that are pinned to a version of their handlers, or whose runners hand nodes off.
 * - 3: histories and values that are packed; `META` and messages of executions whose results lie in partitions of their own.
 */
export const SCHEMA_VERSION = 3;

/** What items and messages say that any version reads. */
export const ANY_VERSION = 1;

/** What they say that only code reads that knows of pinned handlers and of hand-offs. */
export const HANDING_OFF_VERSION = 2;

/** What they say that only code reads that can unpack histories and values. */
export const PACKING_VERSION = 3;

/** What they say that only code reads that knows where the results of wide executions lie. */
export const SHARDED_VERSION = 3;

export const SchemaVersion = z.int().min(1).max(SCHEMA_VERSION).default(ANY_VERSION);

/** The version that something says it needs, if that is one this code does not know. */
export function newerVersionOf(something: unknown): number | undefined {
  if (typeof something !== 'object' || something === null || !('v' in something)) return undefined;
  return typeof something.v === 'number' && something.v > SCHEMA_VERSION ? something.v : undefined;
}
