import type { Definition, NodeDefinition } from '../model/definition.ts';
import type { NodeId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { compileExpression, ExpressionSyntaxError, isExpression } from './expression.ts';

type Report = (path: string, code: string, message: string) => void;

/**
 * Compiles every expression of every node, and checks that what it names by `$nodes.` and `$errors.` can have run
 * before it: an ancestor in a graph, any node where loops are allowed.
 *
 * @returns by node index, the ids it names
 */
export function checkExpressions(
  definition: Definition,
  entries: readonly [NodeId, NodeDefinition][],
  parents: readonly (readonly number[])[],
  indexOf: ReadonlyMap<string, number>,
  report: Report,
): NodeId[][] {
  return entries.map(([id, node], index) => {
    const named = new Set<NodeId>();
    let upstream: ReadonlySet<number> | undefined;
    for (const [path, source] of expressionsOf(node)) {
      const at = `nodes.${id}.${path}`;
      for (const reference of referencesIn(source, at, report)) {
        const target = indexOf.get(reference);
        const targetId = target === undefined ? undefined : entries[target]?.[0];
        if (target === undefined || targetId === undefined) {
          report(at, 'UNKNOWN_NODE', `names a node that does not exist: '${reference}' in ${source}`);
          continue;
        }
        upstream ??= definition.strategy === 'conditional' ? undefined : ancestorsOf(index, parents);
        const isOwn = target === index && definition.strategy !== 'conditional';
        if (isOwn || (upstream !== undefined && !upstream.has(target))) {
          report(at, 'NOT_UPSTREAM', `uses '${reference}', which '${id}' does not depend on; add it to dependsOn`);
        }
        named.add(targetId);
      }
    }
    return [...named];
  });
}

function referencesIn(source: string, at: string, report: Report): Iterable<string> {
  try {
    return compileExpression(source).references;
  } catch (error) {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    report(at, 'INVALID_EXPRESSION', error.message);
    return [];
  }
}

function ancestorsOf(index: number, parents: readonly (readonly number[])[]): ReadonlySet<number> {
  const ancestors = new Set(parents[index]);
  for (const ancestor of ancestors) for (const parent of parents[ancestor] ?? []) ancestors.add(parent);
  return ancestors;
}

/** Every expression of a node with its path in it. */
function* expressionsOf(node: NodeDefinition): Generator<[string, string]> {
  if (node.runIf !== undefined) yield ['runIf', node.runIf];
  if (node.input !== undefined) yield* inMapping(node.input, 'input');
  for (const [index, { when }] of (node.choices ?? []).entries()) yield [`choices[${index}].when`, when];
  if (node.type === 'transform') yield* inMapping(node.output, 'output');
  if (node.type === 'map') {
    if (node.items !== undefined) yield ['items', node.items];
    if (node.itemInput !== undefined) yield* inMapping(node.itemInput, 'itemInput');
  }
  if (node.type === 'task' || node.type === 'map') {
    for (const [index, { output }] of (node.catch ?? []).entries()) {
      if (output !== undefined) yield* inMapping(output, `catch[${index}].output`);
    }
  }
}

function* inMapping(mapping: Json, path: string): Generator<[string, string]> {
  if (isExpression(mapping)) {
    yield [path, mapping];
  } else if (Array.isArray(mapping)) {
    for (const [index, member] of mapping.entries()) yield* inMapping(member, `${path}[${index}]`);
  } else if (typeof mapping === 'object' && mapping !== null) {
    for (const [key, member] of Object.entries(mapping)) yield* inMapping(member, `${path}.${key}`);
  }
}
