import * as z from 'zod';
import { ChoiceNode, Definition, MapNode, type NodeDefinition, TaskNode, TransformNode } from '../model/definition.ts';
import { NodeId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';

/** Nodes come in few combinations of fields. Of more the schema of definitions itself is used. */
const MOST_COMBINATIONS = 100;

const KINDS = new Map<Json, z.ZodObject>(
  [TaskNode, TransformNode, ChoiceNode, MapNode].flatMap((kind) =>
    [...kind.shape.type._zod.values].map((type) => [type, kind] as const),
  ),
);

const schemas = new Map<string, z.ZodType<NodeDefinition>>();

/**
 * What the schema of definitions makes of `json`, in half its time: it would look at each field that a node might have,
 * and most have three of them.
 *
 * @returns `undefined`: something is wrong, or not known here; the schema itself says what
 */
export function parseGivenFields(json: Json): Definition | undefined {
  if (!isObject(json)) return undefined;
  const { nodes, ...rest } = json;
  if (!isObject(nodes)) return undefined;
  const head = Definition.safeParse({ ...rest, nodes: {} });
  if (!head.success) return undefined;
  const parsed: Record<NodeId, NodeDefinition> = {};
  for (const key of Object.keys(nodes)) {
    const id = NodeId.safeParse(key);
    const node = nodes[key];
    if (!id.success || !isObject(node)) return undefined;
    const result = schemaOf(node)?.safeParse(node);
    if (result?.success !== true) return undefined;
    parsed[id.data] = result.data;
  }
  return { ...head.data, nodes: parsed };
}

function schemaOf(node: Fields): z.ZodType<NodeDefinition> | undefined {
  const { type = 'task' } = node;
  const combination = `${type} ${Object.keys(node).join(' ')}`;
  const known = schemas.get(combination);
  if (known !== undefined || schemas.size >= MOST_COMBINATIONS) return known;
  const kind = KINDS.get(type);
  if (kind === undefined || !Object.keys(node).every((field) => Object.hasOwn(kind.shape, field))) return undefined;
  const shape = Object.entries(kind.shape).filter(([field, schema]) => !isLeftOut(node, field, schema));
  // The same schemas as the kind's, so the same type.
  const schema = z.strictObject(Object.fromEntries(shape)) as unknown as z.ZodType<NodeDefinition>;
  schemas.set(combination, schema);
  return schema;
}

/** Not given, and nothing is to stand in its place. */
const isLeftOut = (node: Fields, field: string, schema: z.core.$ZodType): boolean =>
  !Object.hasOwn(node, field) && schema instanceof z.ZodOptional;

type Fields = Readonly<Record<string, Json>>;

const isObject = (json: Json | undefined): json is Fields =>
  typeof json === 'object' && json !== null && !Array.isArray(json);
