import { createHash } from 'node:crypto';
import * as z from 'zod';
import { canonicalJson } from '../core/json.ts';
import { ExecutionConfigInput } from '../model/config.ts';
import { ExecutionId } from '../model/ids.ts';
import { Json } from '../model/json.ts';
import type { StartInput } from './executions.ts';

/** They stand in the item itself. */
const MAX_TAGS = 50;

/** A workflow as users write it; checked by `compile`, which finds more than a schema could. */
export const DefinitionSource = z.record(z.string(), z.unknown());

/** What it takes to start an execution. */
export const StartRequest = z.strictObject({
  definition: DefinitionSource,
  /** Default null. */
  input: Json.default(null),
  /** Goes before the workflow's own config. */
  config: ExecutionConfigInput.optional(),
  /** A read-only snapshot every node can read. */
  globals: z.record(z.string(), Json).optional(),
  /** Chosen by the caller, a start can be repeated: the same request finds the same execution. Default: a new one. */
  executionId: ExecutionId.optional(),
  /** Kept with the execution, for the caller's own use. */
  tags: z
    .record(z.string().min(1).max(80), z.string().max(1_000))
    .refine((tags) => Object.keys(tags).length <= MAX_TAGS, `holds more than ${MAX_TAGS} tags`)
    .optional(),
});
export type StartRequest = z.infer<typeof StartRequest>;

/** What a start answers. */
export const Started = z.object({ executionId: z.string() });
export type Started = z.infer<typeof Started>;

/** Tells whether two starts ask for the same. */
export function digestOf(definitionHash: string, { input, config = {}, globals = {} }: StartRequest): string {
  const overrides: Json = JSON.parse(JSON.stringify(config));
  return createHash('sha256')
    .update(canonicalJson([definitionHash, input, overrides, globals]))
    .digest('hex');
}

/** A request in the form the schema takes: what was not given is not there. */
export const withoutUndefined = (request: StartInput): Record<string, unknown> =>
  Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
