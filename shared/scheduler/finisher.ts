import { hasBit, membersOf } from '../core/bits.ts';
import { type GraphPlan, nodeAt, type Plan } from '../core/plan.ts';
import { FanjoinError, toErrorInfo } from '../errors.ts';
import type { NodeId } from '../model/ids.ts';
import type { MetaItem, ResultItem } from '../model/items.ts';
import type { Json } from '../model/json.ts';
import { isTerminal, type Payload } from '../model/result.ts';
import type { Ending, ExecutionState } from '../model/state.ts';
import type { Clock } from '../ports/clock.ts';
import type { TerminalWrite } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';

/**
 * Writes ends of executions. Of reasons to stop the first stands, and only META knows it: what failed because it was
 * stopped is no failure.
 */
export class Finisher {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Ends an execution as its state says. Refused because META is not as it was known, it looks again. */
  async end(plan: Plan, known: MetaItem, state: ExecutionState, ending: Ending): Promise<void> {
    const { executionId, run } = known;
    for (let meta: MetaItem | undefined = known; meta !== undefined; ) {
      const status = ending.status === 'FAILED' && meta.stop !== undefined ? meta.stop.reason : ending.status;
      const write =
        status === 'SUCCEEDED'
          ? await this.#success(plan, meta, outputVisits(plan, state))
          : {
              status,
              endedAtMs: this.#clock.nowMs(),
              ...(await composeFailure(this.#store, plan, meta, status, ending)),
            };
      if (await this.#finish(meta, write)) return;
      const now = await this.#store.executions.loadMeta(executionId);
      const isOpen = now !== undefined && !isTerminal(now.status) && now.run === run;
      meta = isOpen ? now : undefined;
    }
  }

  /**
   * Ends an execution all of whose nodes have ended, none of them badly. `false`: it ended otherwise, or is to.
   * @param visits what its output is made of
   * @param known results of them that need not be read again
   */
  async succeed(
    plan: Plan,
    meta: MetaItem,
    visits: readonly VisitName[],
    known: readonly ResultItem[],
  ): Promise<boolean> {
    return this.#finish(meta, await this.#success(plan, meta, visits, known));
  }

  async #success(
    plan: Plan,
    meta: MetaItem,
    visits: readonly VisitName[],
    known: readonly ResultItem[] = [],
  ): Promise<TerminalWrite> {
    const endedAtMs = this.#clock.nowMs();
    try {
      return { status: 'SUCCEEDED', endedAtMs, output: await composeOutput(this.#store, plan, meta, visits, known) };
    } catch (error) {
      // All nodes succeeded, and what they gave together is more than can be kept: no repetition mends that.
      if (!(error instanceof FanjoinError) || error.retryable) throw error;
      return { status: 'FAILED', endedAtMs, error: toErrorInfo(error) };
    }
  }

  async #finish(meta: MetaItem, end: TerminalWrite): Promise<boolean> {
    const { cache, executionId } = meta;
    // Before the end is written: who finds it ended has nothing left to keep.
    if (cache !== undefined && end.status === 'SUCCEEDED' && end.output !== undefined) {
      const expiresAtMs = end.endedAtMs + cache.ttlSeconds * 1000;
      await this.#store.cache.keep(cache.key, executionId, end.output, expiresAtMs);
    }
    return (await this.#store.executions.finish(meta, end)) !== undefined;
  }
}

type Failure = Pick<TerminalWrite, 'error' | 'failedNode'>;

async function composeFailure(
  store: Store,
  plan: Plan,
  meta: MetaItem,
  status: Exclude<Ending['status'], 'SUCCEEDED'>,
  ending: Ending,
): Promise<Failure> {
  switch (status) {
    case 'FAILED':
      return composeError(store, plan, meta, ending);
    case 'TIMED_OUT': {
      const message = `The execution took longer than its ${meta.config.timeoutSeconds} s`;
      return { error: { name: 'ExecutionTimedOut', code: 'EXECUTION_TIMED_OUT', message } };
    }
    case 'CANCELLED': {
      const message = 'The execution was cancelled';
      return { error: { name: 'ExecutionCancelled', code: 'EXECUTION_CANCELLED', message } };
    }
  }
}

const outputVisits = (plan: Plan, state: ExecutionState): VisitName[] =>
  plan.kind === 'graph'
    ? outputNodes(plan, state).map((node) => ({ node: nodeAt(plan, node).id, visit: 1 }))
    : lastVisits(plan, state.kind === 'route' ? state.visits : {});

interface VisitName {
  readonly node: NodeId;
  readonly visit: number;
}

async function composeOutput(
  store: Store,
  plan: Plan,
  meta: MetaItem,
  visits: readonly VisitName[],
  known: readonly ResultItem[],
): Promise<Payload> {
  const isKnown = (name: VisitName) => known.some(({ node, visit }) => node === name.node && visit === name.visit);
  const missing = visits.filter((name) => !isKnown(name));
  const among = plan.kind === 'graph' ? plan.nodes.length : undefined;
  const found = missing.length === 0 ? [] : await store.results.loadResults(meta, missing, among);
  const results = new Map([...known.map((result) => [result.node, result] as const), ...found]);
  const [only] = visits;
  if (plan.kind === 'graph' && (plan.sinks.length === 1 || plan.definition.strategy === 'sequential')) {
    return (only && results.get(only.node)?.output) ?? { inline: 'null' };
  }
  const outputs: Record<string, Json> = {};
  for (const { node } of visits) {
    const output = outputOf(results, node);
    if (output !== undefined) outputs[node] = await store.payloads.load(output);
  }
  return store.payloads.save(outputs, `executions/${meta.executionId}/output`);
}

/** A sink that failed or was skipped has no part in the output. */
const outputOf = (results: ReadonlyMap<NodeId, ResultItem>, node: NodeId): Payload | undefined => {
  const result = results.get(node);
  return result?.status === 'SUCCEEDED' ? (result.output ?? { inline: 'null' }) : undefined;
};

/** In a sequence the last step that was not skipped; in a graph all sinks. */
function outputNodes(plan: GraphPlan, state: ExecutionState): readonly number[] {
  if (state.kind !== 'graph') return [];
  // A late result of an earlier run may lie about for a sink that was skipped in this one.
  if (plan.definition.strategy !== 'sequential') return plan.sinks.filter((sink) => hasBit(state.succeeded, sink));
  return [...membersOf(state.succeeded)].slice(-1);
}

/** Of a route, by how often each node was entered. */
export const lastVisits = (plan: Plan, visits: Readonly<Record<string, number>>): VisitName[] =>
  Object.entries(visits).map(([node, visit]) => ({ node: nodeAt(plan, Number(node)).id, visit }));

async function composeError(
  store: Store,
  plan: Plan,
  meta: MetaItem,
  { failedVisit, error }: Ending,
): Promise<Failure> {
  if (error !== undefined) return { error };
  if (failedVisit === undefined) return { error: { name: 'ExecutionFailed', message: 'The execution failed' } };
  const node = nodeAt(plan, failedVisit.node).id;
  const result = await store.results.loadResult({
    executionId: meta.executionId,
    resultShards: meta.resultShards,
    run: meta.run,
    node,
    visit: failedVisit.visit,
  });
  return { failedNode: node, error: result?.error ?? { name: 'NodeFailed', message: `The node '${node}' failed` } };
}
