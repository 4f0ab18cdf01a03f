import { InvalidDefinitionError, type Issue } from '../errors.ts';
import type { Definition, NodeDefinition } from '../model/definition.ts';
import type { NodeId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { emptyBits, setBit } from './bits.ts';
import { checkExpressions } from './compile-expressions.ts';
import { checkFields, checkRetry, unknownNode } from './compile-fields.ts';
import { inOrder, parentsOf, reportCycle, reportUnreachable } from './compile-graph.ts';
import { checkSecrets } from './compile-secrets.ts';
import { checkTriggers } from './compile-triggers.ts';
import { widthOf } from './hand-off.ts';
import { parseDefinition } from './parse-definition.ts';
import { type GraphPlan, isMapNode, type Plan, type PlanNode, type RoutePlan } from './plan.ts';

/** Joins of more parents than this test them as bits, eight at a time. */
const WIDE_JOIN = 16;

/**
 * Validates a definition and indexes it. The plan of one definition is always the same.
 *
 * @param source a definition as users write it; parsed JSON or YAML
 * @param options `isStored`: it was started before, so that what it contradicts itself in is no reason to refuse it now
 * @throws {InvalidDefinitionError} with every issue: unknown or repeated ids, cycles with their path, unreachable
 *   nodes, expressions that do not parse, secrets where none can stand, fields of another strategy, triggers that
 *   AWS would refuse, limits
 */
export function compile(source: unknown, { isStored = false } = {}): Plan {
  const { definition, hash } = parseDefinition(source);
  const issues: Issue[] = [];
  const report = (path: string, code: string, message: string) => issues.push({ path, code, message });
  const entries = Object.entries(definition.nodes) as [NodeId, NodeDefinition][];
  const indexOf = new Map<string, number>();
  for (const [id] of entries) indexOf.set(id, indexOf.size);
  if (entries.length === 0) report('nodes', 'NO_NODES', 'has no nodes; a workflow needs at least one');
  const maxNodes = definition.strategy === 'conditional' ? LIMITS.maxRouteNodes : LIMITS.maxNodes;
  if (entries.length > maxNodes) {
    report(
      'nodes',
      'TOO_MANY_NODES',
      `has ${entries.length} nodes; at most ${maxNodes} are allowed. Use a map node for wide work`,
    );
  }
  for (const field of ['start', 'maxVisits'] as const) {
    if (definition[field] !== undefined && definition.strategy !== 'conditional') {
      report(
        field,
        'WRONG_STRATEGY',
        `belongs to the strategy 'conditional'; this workflow is '${definition.strategy}'`,
      );
    }
  }
  const parents = parentsOf(definition, entries, indexOf);
  entries.forEach(([id, node], index) => {
    checkFields(definition, id, node, parents[index] ?? [], indexOf, report);
  });
  if (!isStored) {
    for (const [id, node] of entries) checkRetry(id, node, report);
    checkTriggers(definition, report);
  }

  const children: number[][] = entries.map(() => []);
  parents.forEach((own, index) => {
    for (const parent of own) children[parent]?.push(index);
  });
  if (definition.strategy === 'parallel') reportCycle(entries, parents, report);
  const start = definition.strategy === 'conditional' ? startOf(definition, indexOf, report) : 0;
  if (definition.strategy === 'conditional' && issues.length === 0) reportUnreachable(entries, indexOf, start, report);
  const references = checkExpressions(definition, entries, children, indexOf, report);
  const secrets = checkSecrets(entries, report);
  if (issues.length > 0) throw new InvalidDefinitionError(definition.name, issues);

  const holdingSecrets = new Set(secrets.map(({ node }) => node));
  const nodes = entries.map(([id, node], index): PlanNode => {
    const own = parents[index] ?? [];
    return {
      index,
      id,
      definition: node,
      parents: own,
      children: children[index] ?? [],
      rule: node.triggerRule ?? (definition.strategy === 'sequential' ? 'none_failed' : 'all_success'),
      parentBits: own.length > WIDE_JOIN ? bitsOf(own, entries.length) : undefined,
      references: references[index] ?? [],
      namesSecrets: holdingSecrets.has(id),
    };
  });
  const base = { definition, hash, nodes, indexOf, secrets };
  return definition.strategy === 'conditional' ? routePlan(base, start) : graphPlan(base, parents, children);
}

type Report = (path: string, code: string, message: string) => void;
type PlanBase = Omit<GraphPlan, 'kind' | 'sinks' | 'roots' | 'width' | 'endsWithSinks'>;

const routePlan = (base: PlanBase, start: number): RoutePlan => ({
  ...base,
  kind: 'route',
  start,
  maxVisits: base.definition.maxVisits ?? 100,
});

const graphPlan = (base: PlanBase, parents: readonly number[][], children: readonly number[][]): GraphPlan => ({
  ...base,
  kind: 'graph',
  sinks: base.nodes.filter(({ children }) => children.length === 0).map(({ index }) => index),
  roots: base.nodes.filter(({ parents }) => parents.length === 0).map(({ index }) => index),
  width: base.nodes.some(({ definition }) => isMapNode(definition))
    ? Number.POSITIVE_INFINITY
    : widthOf(parents, inOrder(parents, children)),
  endsWithSinks: base.nodes.every(({ rule }) => rule === 'all_success' || rule === 'none_failed'),
});

function startOf(definition: Definition, indexOf: ReadonlyMap<string, number>, report: Report): number {
  if (definition.start === undefined) return 0;
  const index = indexOf.get(definition.start);
  if (index === undefined) report('start', 'UNKNOWN_NODE', unknownNode(definition.start, indexOf));
  return index ?? 0;
}

function bitsOf(members: readonly number[], size: number) {
  const bits = emptyBits(size);
  for (const member of members) setBit(bits, member);
  return bits;
}
