import * as z from 'zod';
import { DefinitionSource } from '../executor/start-request.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface JsonSchemas {
  /** Of each schema that was asked for. */
  readonly of: Readonly<Record<string, JsonSchema>>;
  /** What they refer to, by name. */
  readonly components: Readonly<Record<string, JsonSchema>>;
}

/** Where an OpenAPI document has its schemas. */
export const componentRef = (name: string): string => `#/components/schemas/${name}`;

/**
 * Schemas as JSON Schemas (draft 2020-12, that of OpenAPI 3.1), which refer to named ones as components.
 *
 * @param io of what clients send the `input`, of what they get the `output`
 */
export function toJsonSchemas(
  schemas: Readonly<Record<string, z.ZodType>>,
  named: Readonly<Record<string, z.ZodType>>,
  io: 'input' | 'output',
): JsonSchemas {
  const metadata = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) metadata.add(schema, { id });
  // As one schema: what its parts share is found once, and stands in its definitions.
  const whole = z.toJSONSchema(z.object({ ...schemas }), {
    io,
    metadata,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      Object.assign(jsonSchema, z.globalRegistry.get(zodSchema));
      if (zodSchema === DefinitionSource) become(jsonSchema, { $ref: componentRef('WorkflowDefinition') });
      // What an answer may hold some day is no error in a client.
      if (io === 'output' && zodSchema instanceof z.ZodObject && zodSchema.def.catchall === undefined)
        delete jsonSchema.additionalProperties;
      // The bounds of any integer in JavaScript say nothing.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  const text = JSON.stringify(whole).replaceAll('"#/$defs/', `"${componentRef('')}`);
  const { properties, $defs } = Whole.parse(JSON.parse(text));
  return { of: properties, components: $defs };
}

const Whole = z.object({
  properties: z.record(z.string(), z.custom<JsonSchema>()),
  $defs: z.record(z.string(), z.custom<JsonSchema>()).default({}),
});

function become(jsonSchema: JsonSchema, other: JsonSchema): void {
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
  Object.assign(jsonSchema, other);
}
