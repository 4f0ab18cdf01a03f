import type { Definition, NodeDefinition } from '../model/definition.ts';
import type { NodeId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { compileExpression, isExpression } from './expression.ts';
import { ExpressionSyntaxError } from './expression-errors.ts';

type Report = (path: string, code: string, message: string) => void;

/** A node's expression that names another node. */
interface Reference {
  readonly from: number;
  readonly at: string;
}

/**
 * Compiles every expression of every node, and checks that what it names by `$nodes.` and `$errors.` can have run
 * before it: an ancestor in a graph, any node where loops are allowed.
 *
 * @returns by node index, the ids it names
 */
export function checkExpressions(
  definition: Definition,
  entries: readonly [NodeId, NodeDefinition][],
  children: readonly (readonly number[])[],
  indexOf: ReadonlyMap<string, number>,
  report: Report,
): NodeId[][] {
  const byTarget = new Map<number, Reference[]>();
  const named = entries.map(([id, node], from): NodeId[] => {
    const expressions = expressionsOf(node);
    if (expressions.length === 0) return [];
    const ids = new Set<NodeId>();
    for (const [path, source] of expressions) {
      const at = `nodes.${id}.${path}`;
      for (const reference of referencesIn(source, at, report)) {
        const target = indexOf.get(reference);
        const targetId = target === undefined ? undefined : entries[target]?.[0];
        if (target === undefined || targetId === undefined) {
          report(at, 'UNKNOWN_NODE', `names a node that does not exist: '${reference}' in ${source}`);
          continue;
        }
        const references = byTarget.get(target);
        if (references === undefined) byTarget.set(target, [{ from, at }]);
        else references.push({ from, at });
        ids.add(targetId);
      }
    }
    return [...ids];
  });
  if (definition.strategy !== 'conditional') reportNotUpstream(entries, children, byTarget, report);
  return named;
}

/** Once for each node that is named, not for each that names one: long chains may all look at their first node. */
function reportNotUpstream(
  entries: readonly [NodeId, NodeDefinition][],
  children: readonly (readonly number[])[],
  byTarget: ReadonlyMap<number, readonly Reference[]>,
  report: Report,
): void {
  const reachedBy = new Int32Array(entries.length).fill(-1);
  for (const [target, references] of byTarget) {
    const open = [target];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const child of children[node] ?? []) {
        if (reachedBy[child] === target || child === target) continue;
        reachedBy[child] = target;
        open.push(child);
      }
    }
    for (const { from, at } of references) {
      if (reachedBy[from] === target) continue;
      const [id, targetId] = [entries[from]?.[0], entries[target]?.[0]];
      report(at, 'NOT_UPSTREAM', `uses '${targetId}', which '${id}' does not depend on; add it to dependsOn`);
    }
  }
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

/** Every expression of a node with its path in it. */
function expressionsOf(node: NodeDefinition): [string, string][] {
  const found: [string, string][] = [];
  if (node.runIf !== undefined) found.push(['runIf', node.runIf]);
  if (node.input !== undefined) found.push(...expressionsIn(node.input, 'input'));
  node.choices?.forEach(({ when }, index) => void found.push([`choices[${index}].when`, when]));
  if (node.type === 'transform') found.push(...expressionsIn(node.output, 'output'));
  if (node.type === 'map') {
    if (node.items !== undefined) found.push(['items', node.items]);
    if (node.itemInput !== undefined) found.push(...expressionsIn(node.itemInput, 'itemInput'));
  }
  if (node.type === 'task' || node.type === 'map') {
    node.catch?.forEach(({ output }, index) => {
      if (output !== undefined) found.push(...expressionsIn(output, `catch[${index}].output`));
    });
  }
  return found;
}

/** Every expression of a mapping with its path. */
export function* expressionsIn(mapping: Json, path: string): Generator<[string, string]> {
  if (isExpression(mapping)) {
    yield [path, mapping];
  } else if (Array.isArray(mapping)) {
    for (const [index, member] of mapping.entries()) yield* expressionsIn(member, `${path}[${index}]`);
  } else if (typeof mapping === 'object' && mapping !== null) {
    for (const [key, member] of Object.entries(mapping)) yield* expressionsIn(member, `${path}.${key}`);
  }
}
