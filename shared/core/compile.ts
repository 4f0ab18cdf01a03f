import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { InvalidDefinitionError, InvalidInputError, type Issue } from '../errors.ts';
import { Definition, END_TARGET, type NodeDefinition } from '../model/definition.ts';
import { DefinitionHash, type NodeId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import { emptyBits, setBit } from './bits.ts';
import { checkExpressions } from './compile-expressions.ts';
import { checkSecrets } from './compile-secrets.ts';
import { checkTriggers } from './compile-triggers.ts';
import { widthOf } from './hand-off.ts';
import { canonicalJson, toJson } from './json.ts';
import type { GraphPlan, Plan, PlanNode, RoutePlan } from './plan.ts';
import { retryContradictions } from './retry-contradictions.ts';

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
  const definition = parseDefinition(source);
  const issues: Issue[] = [];
  const report = (path: string, code: string, message: string) => issues.push({ path, code, message });
  const entries = Object.entries(definition.nodes) as [NodeId, NodeDefinition][];
  const indexOf = new Map<string, number>(entries.map(([id], index) => [id, index]));
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
  for (const [id, node] of entries) checkFields(definition, id, node, indexOf, report);
  if (!isStored) {
    for (const [id, node] of entries) checkRetry(id, node, report);
    checkTriggers(definition, report);
  }

  const parents = parentsOf(definition, entries, indexOf);
  const children: number[][] = entries.map(() => []);
  for (const [index, list] of parents.entries()) for (const parent of list) children[parent]?.push(index);
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
  const base = { definition, hash: hashDefinition(definition), nodes, indexOf, secrets };
  return definition.strategy === 'conditional' ? routePlan(base, start) : graphPlan(base);
}

type Report = (path: string, code: string, message: string) => void;
type PlanBase = Omit<GraphPlan, 'kind' | 'sinks' | 'roots' | 'width' | 'endsWithSinks'>;

const routePlan = (base: PlanBase, start: number): RoutePlan => ({
  ...base,
  kind: 'route',
  start,
  maxVisits: base.definition.maxVisits ?? 100,
});

const graphPlan = (base: PlanBase): GraphPlan => ({
  ...base,
  kind: 'graph',
  sinks: base.nodes.filter(({ children }) => children.length === 0).map(({ index }) => index),
  roots: base.nodes.filter(({ parents }) => parents.length === 0).map(({ index }) => index),
  width: base.nodes.some(({ definition }) => definition.type === 'map')
    ? Number.POSITIVE_INFINITY
    : widthOf(
        base.nodes.map(({ parents }) => parents),
        inOrder(base.nodes),
      ),
  endsWithSinks: base.nodes.every(({ rule }) => rule === 'all_success' || rule === 'none_failed'),
});

/** Parents before children. */
function inOrder(nodes: readonly PlanNode[]): number[] {
  const waiting = nodes.map(({ parents }) => parents.length);
  const order = nodes.filter(({ parents }) => parents.length === 0).map(({ index }) => index);
  for (const index of order) {
    for (const child of nodes[index]?.children ?? []) {
      waiting[child] = (waiting[child] ?? 0) - 1;
      if (waiting[child] === 0) order.push(child);
    }
  }
  return order;
}

function parseDefinition(source: unknown): Definition {
  const name = nameOf(source);
  const json = asJson(source, name);
  // The schema would pass over it, and the node be gone.
  if (entriesOf(fieldOf(json, 'nodes')).some(([id]) => id === '__proto__')) {
    throw new InvalidDefinitionError(name, [
      { path: 'nodes.__proto__', code: 'INVALID_VALUE', message: 'is no id a node can have' },
    ]);
  }
  const parsed = Definition.safeParse(json);
  if (!parsed.success) throw new InvalidDefinitionError(name, zodIssues(parsed.error));
  const bytes = Buffer.byteLength(JSON.stringify(parsed.data));
  if (bytes > LIMITS.maxDefinitionBytes) {
    const message = `has ${bytes} bytes of JSON; at most ${LIMITS.maxDefinitionBytes} are allowed`;
    throw new InvalidDefinitionError(name, [{ path: '', code: 'DEFINITION_TOO_LARGE', message }]);
  }
  return parsed.data;
}

/** What is not JSON, or nested without end, is found here, before anything walks it. */
function asJson(source: unknown, name: string): Json {
  try {
    return toJson(source, 'the definition', 'write');
  } catch (error) {
    if (error instanceof InvalidInputError) throw new InvalidDefinitionError(name, error.issues);
    throw error;
  }
}

const fieldOf = (json: Json, field: string): Json | undefined => entriesOf(json).find(([key]) => key === field)?.[1];

const entriesOf = (json: Json | undefined): [string, Json][] =>
  typeof json === 'object' && json !== null ? Object.entries(json) : [];

const nameOf = (source: unknown): string =>
  typeof source === 'object' && source !== null && 'name' in source && typeof source.name === 'string'
    ? source.name
    : '(unnamed)';

/** zod's issues as ours, with paths written `nodes.ship.dependsOn[1]`. */
export function zodIssues(error: z.ZodError): Issue[] {
  return error.issues.map((issue) => ({
    path: issue.path.reduce<string>(
      (path, key) =>
        typeof key === 'number' ? `${path}[${key}]` : path === '' ? String(key) : `${path}.${String(key)}`,
      '',
    ),
    code: 'INVALID_VALUE',
    message:
      issue.code === 'invalid_key'
        ? `${issue.message}: ${issue.issues.map(({ message }) => message).join('; ')}`
        : issue.message,
  }));
}

function parentsOf(
  definition: Definition,
  entries: [NodeId, NodeDefinition][],
  indexOf: ReadonlyMap<string, number>,
): number[][] {
  switch (definition.strategy) {
    case 'sequential':
      return entries.map((_entry, index) => (index === 0 ? [] : [index - 1]));
    case 'parallel':
      return entries.map(([, { dependsOn = [] }]) => [...new Set(dependsOn.flatMap((id) => indexOf.get(id) ?? []))]);
    case 'conditional':
      return entries.map(() => []);
  }
}

const ONLY: Readonly<Record<string, Definition['strategy']>> = {
  dependsOn: 'parallel',
  triggerRule: 'parallel',
  choices: 'conditional',
  next: 'conditional',
  mayRouteTo: 'conditional',
};

function checkFields(
  definition: Definition,
  id: NodeId,
  node: NodeDefinition,
  indexOf: ReadonlyMap<string, number>,
  report: Report,
): void {
  const at = (field: string) => `nodes.${id}.${field}`;
  const { strategy } = definition;
  for (const [field, only] of Object.entries(ONLY)) {
    if (field in node && strategy !== only && !(node.type === 'choice' && field === 'choices')) {
      report(at(field), 'WRONG_STRATEGY', `belongs to the strategy '${only}'; this workflow is '${strategy}'`);
    }
  }
  if (node.type === 'choice' && strategy !== 'conditional') {
    report(
      at('type'),
      'WRONG_STRATEGY',
      `a choice belongs to the strategy 'conditional'; in a '${strategy}' workflow use runIf`,
    );
  }
  const dependsOn = node.dependsOn ?? [];
  const named = new Set<string>();
  for (const [index, parent] of dependsOn.entries()) {
    if (!indexOf.has(parent)) report(at(`dependsOn[${index}]`), 'UNKNOWN_NODE', unknownNode(parent, indexOf));
    if (named.has(parent)) report(at(`dependsOn[${index}]`), 'DUPLICATE_NODE', `names '${parent}' a second time`);
    named.add(parent);
  }
  if (node.triggerRule !== undefined && dependsOn.length === 0) {
    report(at('triggerRule'), 'NO_DEPENDENCIES', 'has no effect without dependsOn');
  }
  for (const [path, target] of targetsOf(node)) {
    if (target !== END_TARGET && !indexOf.has(target)) report(at(path), 'UNKNOWN_NODE', unknownNode(target, indexOf));
  }
  if (node.type === 'task' || node.type === 'map') {
    for (const [index, clause] of (node.catch ?? []).entries()) {
      if (clause.next !== undefined && strategy !== 'conditional') {
        report(
          at(`catch[${index}].next`),
          'WRONG_STRATEGY',
          `belongs to the strategy 'conditional'; here give an output instead`,
        );
      }
    }
  }
}

function checkRetry(id: NodeId, node: NodeDefinition, report: Report): void {
  const retry = 'retry' in node ? node.retry : undefined;
  if (retry === undefined) return;
  for (const { field, message } of retryContradictions(retry))
    report(`nodes.${id}.retry.${field}`, 'CONTRADICTORY_RETRY', message);
}

/** Where a node may go on to, each with the field that says so. */
function targetsOf(node: NodeDefinition): [string, string][] {
  const targets: [string, string][] = [];
  if (node.next !== undefined) targets.push(['next', node.next]);
  for (const [index, { next }] of (node.choices ?? []).entries()) targets.push([`choices[${index}].next`, next]);
  for (const [index, target] of (node.mayRouteTo ?? []).entries()) targets.push([`mayRouteTo[${index}]`, target]);
  if (node.type === 'task' || node.type === 'map') {
    for (const [index, { next }] of (node.catch ?? []).entries()) {
      if (next !== undefined) targets.push([`catch[${index}].next`, next]);
    }
  }
  return targets;
}

/** Of so many nodes none is looked through for a likely name: thousands of wrong ids would take minutes. */
const MAX_HINTED_NODES = 1_000;

function unknownNode(id: string, indexOf: ReadonlyMap<string, number>): string {
  if (indexOf.size > MAX_HINTED_NODES) return `names a node that does not exist: '${id}'.`;
  const known = [...indexOf.keys()];
  const near = known.find(
    (other) => other.toLowerCase() === id.toLowerCase() || other.startsWith(id) || id.startsWith(other),
  );
  const hint =
    near !== undefined ? ` Did you mean '${near}'?` : known.length <= 12 ? ` There are: ${known.join(', ')}.` : '';
  return `names a node that does not exist: '${id}'.${hint}`;
}

function startOf(definition: Definition, indexOf: ReadonlyMap<string, number>, report: Report): number {
  if (definition.start === undefined) return 0;
  const index = indexOf.get(definition.start);
  if (index === undefined) report('start', 'UNKNOWN_NODE', unknownNode(definition.start, indexOf));
  return index ?? 0;
}

/** Depth first, without recursion: workflows may be 100,000 nodes deep. */
function reportCycle(entries: [NodeId, NodeDefinition][], parents: readonly number[][], report: Report): void {
  const OPEN = 1;
  const CLOSED = 2;
  const mark = new Uint8Array(entries.length);
  for (let root = 0; root < entries.length; root++) {
    if (mark[root] !== 0) continue;
    const path: { node: number; nextParent: number }[] = [{ node: root, nextParent: 0 }];
    mark[root] = OPEN;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const parent = parents[top.node]?.[top.nextParent++];
      if (parent === undefined) {
        mark[top.node] = CLOSED;
        path.pop();
      } else if (mark[parent] === OPEN) {
        const cycle = path.slice(path.findIndex(({ node }) => node === parent)).map(({ node }) => entries[node]?.[0]);
        const names = [...cycle, cycle[0]].reverse();
        report(
          `nodes.${names[0]}.dependsOn`,
          'CYCLE',
          `closes a cycle: ${names.join(' → ')}. Loops need the strategy 'conditional'`,
        );
        return;
      } else if (mark[parent] === 0) {
        mark[parent] = OPEN;
        path.push({ node: parent, nextParent: 0 });
      }
    }
  }
}

function reportUnreachable(
  entries: [NodeId, NodeDefinition][],
  indexOf: ReadonlyMap<string, number>,
  start: number,
  report: Report,
): void {
  const reached = new Set([start]);
  for (const index of reached) {
    const node = entries[index]?.[1];
    if (node === undefined) continue;
    for (const [, target] of targetsOf(node)) {
      const next = indexOf.get(target);
      if (next !== undefined) reached.add(next);
    }
  }
  for (const [index, [id]] of entries.entries()) {
    if (!reached.has(index)) {
      report(
        `nodes.${id}`,
        'UNREACHABLE_NODE',
        `cannot be reached from '${entries[start]?.[0]}'. If a handler routes there, list it in that node's mayRouteTo`,
      );
    }
  }
}

function bitsOf(members: readonly number[], size: number) {
  const bits = emptyBits(size);
  for (const member of members) setBit(bits, member);
  return bits;
}

/** SHA-256 of the definition in canonical form. The order of the nodes counts: states and messages name them by index. */
function hashDefinition(definition: Definition): DefinitionHash {
  const ordered: Json = { order: Object.keys(definition.nodes), definition: toJson(definition, 'the definition') };
  return DefinitionHash.parse(createHash('sha256').update(canonicalJson(ordered)).digest('hex'));
}
