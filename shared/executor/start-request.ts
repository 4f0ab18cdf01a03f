import { createHash } from 'node:crypto';
import * as z from 'zod';
import { canonicalJson } from '../core/json.ts';
import { ExecutionConfigInput } from '../model/config.ts';
import { ExecutionId, WorkflowName } from '../model/ids.ts';
import { Json } from '../model/json.ts';
import { SearchAttributes } from '../model/search-attributes.ts';
import { VersionName } from '../model/version.ts';
import { ExecutionOutcome } from './description.ts';
import type { StartInput } from './executions.ts';

/** They stand in the item itself. */
const MAX_TAGS = 50;

/** A workflow as users write it; checked by `compile`, which finds more than a schema could. */
export const DefinitionSource = z.record(z.string(), z.unknown());

/** What it takes to start an execution: of a definition, or of a published workflow by its name. */
export const StartRequest = z
  .strictObject({
    definition: DefinitionSource.optional(),
    workflow: WorkflowName.optional(),
    /** Of the named workflow: `latest` (the default), a number, an alias, or a hash. */
    version: VersionName.optional(),
    /** Default null. */
    input: Json.default(null),
    /** Goes before the workflow's own config. */
    config: ExecutionConfigInput.optional(),
    /** Goes after the workflow's own config. */
    defaults: ExecutionConfigInput.optional(),
    /** A read-only snapshot every node can read. */
    globals: z.record(z.string(), Json).optional(),
    /** Chosen by the caller, a start can be repeated: the same request finds the same execution. Default: a new one. */
    executionId: ExecutionId.optional(),
    /** Kept with the execution, for the caller's own use. */
    tags: z
      .record(z.string().min(1).max(80), z.string().max(1_000))
      .refine((tags) => Object.keys(tags).length <= MAX_TAGS, `holds more than ${MAX_TAGS} tags`)
      .optional(),
    /** What the execution can be listed by. At most three. */
    searchAttributes: SearchAttributes.optional(),
  })
  .refine(({ definition, workflow }) => (definition === undefined) !== (workflow === undefined), {
    message: "needs either a 'definition' or the name of a published 'workflow'",
  })
  .refine(({ version, definition }) => version === undefined || definition === undefined, {
    path: ['version'],
    message: "goes with the name of a 'workflow'; a definition is a version by itself",
  })
  .meta({ oneOf: [{ required: ['definition'] }, { required: ['workflow'] }] });
export type StartRequest = z.infer<typeof StartRequest>;

/** What a start answers; what it waited for, if it did. */
export const Started = z.object({ executionId: z.string(), ...ExecutionOutcome.partial().shape });
export type Started = z.infer<typeof Started>;

/**
 * Tells whether two starts ask for the same. By name that is so whatever version the name stands for by now: a request
 * that is repeated finds its execution.
 */
export function digestOf(
  definitionHash: string,
  { workflow, version = 'latest', input, config = {}, globals = {}, searchAttributes }: StartRequest,
): string {
  const overrides: Json = JSON.parse(JSON.stringify(config));
  const what = workflow === undefined ? definitionHash : `${workflow}@${version}`;
  return createHash('sha256')
    .update(
      canonicalJson([what, input, overrides, globals, ...(searchAttributes === undefined ? [] : [searchAttributes])]),
    )
    .digest('hex');
}

/** A request in the form the schema takes: what was not given is not there. */
export const withoutUndefined = (request: StartInput): Record<string, unknown> =>
  Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
