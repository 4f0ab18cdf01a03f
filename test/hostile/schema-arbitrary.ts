import fc from 'fast-check';
import * as z from 'zod';

/** What of JSON Schema the documents use. */
const Schema = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.json()).optional(),
  const: z.json().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.unknown().optional(),
  propertyNames: z.unknown().optional(),
  items: z.unknown().optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minItems: z.number().optional(),
});
type Schema = z.infer<typeof Schema>;

const MAX_DEPTH = 5;

/** What may stand at a place instead of what the schema makes there: by the place's last key, more apt values. */
export type Apt = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/**
 * Values that a schema allows, or nearly: patterns and bounds are kept, rules beyond the schema are not known.
 *
 * @param document what `$ref`s point into
 */
export function valuesOf(schema: unknown, document: unknown, apt: Apt = {}, depth = 0): fc.Arbitrary<unknown> {
  const given = Schema.safeParse(schema);
  if (!given.success || depth > MAX_DEPTH) return fc.constantFrom(null, 1, 'x');
  const known = given.data;
  if (known.$ref !== undefined) return valuesOf(resolve(known.$ref, document), document, apt, depth + 1);
  if (known.const !== undefined) return fc.constant(known.const);
  if (known.enum !== undefined) return fc.constantFrom(...known.enum);
  const choices = known.anyOf ?? known.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => valuesOf(choice, document, apt, depth + 1)));
  const types = known.type === undefined ? [] : [known.type].flat();
  if (types.length === 0) return fc.jsonValue({ maxDepth: 2 });
  return fc.oneof(...types.map((type) => valuesOfType(type, known, document, apt, depth)));
}

function valuesOfType(type: string, schema: Schema, document: unknown, apt: Apt, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -10, max: Math.min(schema.maximum ?? 1_000, 2 ** 31 - 1) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -10, max: schema.maximum ?? 1_000, noNaN: true });
    case 'array':
      return fc.array(valuesOf(schema.items, document, apt, depth + 1), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, 3),
      });
    case 'object':
      return objectsOf(schema, document, apt, depth);
    default:
      return schema.pattern === undefined
        ? fc.string({ maxLength: 12 })
        : fc.stringMatching(new RegExp(schema.pattern));
  }
}

function objectsOf(schema: Schema, document: unknown, apt: Apt, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties, propertyNames } = schema;
  const members = Object.fromEntries(
    Object.entries(properties).map(([key, inner]) => [
      key,
      (Object.hasOwn(apt, key) ? apt[key] : undefined) ?? valuesOf(inner, document, apt, depth + 1),
    ]),
  );
  const named = fc.record(members, { requiredKeys: required.filter((key) => Object.hasOwn(members, key)) });
  if (typeof additionalProperties !== 'object' || additionalProperties === null) return named;
  const keys =
    propertyNames === undefined ? fc.string({ maxLength: 8 }) : valuesOf(propertyNames, document, apt, depth);
  const further = fc.dictionary(keys.map(String), valuesOf(additionalProperties, document, apt, depth + 1), {
    maxKeys: 4,
  });
  return fc.tuple(named, further).map(([own, others]) => ({ ...others, ...own }));
}

function resolve(ref: string, document: unknown): unknown {
  const steps = ref
    .replace(/^#\/?/, '')
    .split('/')
    .filter((step) => step !== '');
  return steps.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    document,
  );
}
