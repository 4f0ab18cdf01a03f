import type { BilledOperations } from '../billing/billed-operations.ts';
import type { Definition, NodeDefinition } from '../model/definition.ts';
import type { NodeResultView } from '../model/result.ts';
import { runningMs } from './to-events.ts';

/** Where a node's time went, over all its visits. In milliseconds. */
export interface NodeMetrics {
  readonly visits: number;
  readonly attempts: number;
  /** From being dispatched to the start of the first attempt. */
  readonly queuedMs: number;
  readonly runningMs: number;
  /** Between attempts. */
  readonly backoffMs: number;
}

/** What the time of an execution went into. */
export interface TimeMetrics {
  /** By id: nodes that have ended. */
  readonly nodes: Readonly<Record<string, NodeMetrics>>;
  /** The nodes, in order, each of which waited for the one before: what determined when the execution ended. */
  readonly criticalPath: {
    readonly nodes: readonly string[];
    /** From the first one's dispatch to the last one's end. */
    readonly durationMs: number;
  };
}

/** What the time of an execution went into, and what it was billed for. */
export interface ExecutionMetrics extends TimeMetrics {
  /** On AWS, or, of one that ran in this process, would have been. */
  readonly billedOperations: BilledOperations;
}

/** @param results of standing visits, in the order in which they ended */
export function computeMetrics(definition: Definition, results: readonly NodeResultView[]): TimeMetrics {
  const nodes: Record<string, NodeMetrics> = {};
  for (const result of results) nodes[result.nodeId] = plus(nodes[result.nodeId], result);
  const path = criticalPath(definition, results);
  const [first] = path;
  const last = path.at(-1);
  return {
    nodes,
    criticalPath: {
      nodes: path.map(({ nodeId }) => nodeId),
      durationMs: first === undefined || last === undefined ? 0 : Math.max(0, last.endedAtMs - first.queuedAtMs),
    },
  };
}

const NONE: NodeMetrics = { visits: 0, attempts: 0, queuedMs: 0, runningMs: 0, backoffMs: 0 };

function plus(sum: NodeMetrics = NONE, { attempts, queuedAtMs }: NodeResultView): NodeMetrics {
  const waits = attempts.map(({ startedAtMs }, index) =>
    Math.max(0, startedAtMs - (attempts[index - 1]?.endedAtMs ?? queuedAtMs)),
  );
  const [queuedMs = 0, ...backoffs] = waits;
  return {
    visits: sum.visits + 1,
    attempts: sum.attempts + attempts.length,
    queuedMs: sum.queuedMs + queuedMs,
    runningMs: sum.runningMs + runningMs(attempts),
    backoffMs: sum.backoffMs + backoffs.reduce((total, wait) => total + wait, 0),
  };
}

/** As much of a visit as the critical path is found by. */
export type EndedVisit = Pick<NodeResultView, 'nodeId' | 'queuedAtMs' | 'endedAtMs'>;

/** @param results of standing visits, in the order in which they ended */
export function criticalPath<Visit extends EndedVisit>(definition: Definition, results: readonly Visit[]): Visit[] {
  // One after another in any case.
  if (definition.strategy !== 'parallel') return [...results];
  const byId = new Map(results.map((result) => [result.nodeId, result]));
  const path: Visit[] = [];
  for (let at = lastOf(definition, results); at !== undefined; at = lastParent(definition, byId, at.nodeId))
    path.push(at);
  return path.reverse();
}

/** The one that ended last; of several in the same millisecond, one that no other waited for. */
function lastOf<Visit extends EndedVisit>({ nodes }: Definition, results: readonly Visit[]): Visit | undefined {
  const last = results.at(-1);
  const awaited = new Set(results.flatMap(({ nodeId }) => dependenciesOf(nodes, nodeId)));
  return results.findLast(({ nodeId, endedAtMs }) => endedAtMs === last?.endedAtMs && !awaited.has(nodeId)) ?? last;
}

/** Of the nodes that one waited for, the one that ended last; past those that were skipped without a result. */
function lastParent<Visit extends EndedVisit>(
  { nodes }: Definition,
  byId: ReadonlyMap<string, Visit>,
  nodeId: string,
): Visit | undefined {
  const parents = new Set(dependenciesOf(nodes, nodeId));
  let last: Visit | undefined;
  for (const parent of parents) {
    const result = byId.get(parent);
    if (result === undefined) for (const further of dependenciesOf(nodes, parent)) parents.add(further);
    else if (last === undefined || result.endedAtMs > last.endedAtMs) last = result;
  }
  return last;
}

const dependenciesOf = (nodes: Readonly<Record<string, NodeDefinition>>, nodeId: string): readonly string[] =>
  nodes[nodeId]?.dependsOn ?? [];
