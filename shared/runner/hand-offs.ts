import { fromRanges, toRanges } from '../core/bits.ts';
import type { WorkRef } from '../core/events.ts';
import { fitsLimit, followOf } from '../core/hand-off.ts';
import { findNode, isMapNode, nodeAt, timeoutSecondsOf } from '../core/plan.ts';
import type { NodeId } from '../model/ids.ts';
import type { ResultItem } from '../model/items.ts';
import type { NodeTask } from '../model/message.ts';
import type { Clock } from '../ports/clock.ts';
import { type Dispatcher, poolOf, toNodeTask } from '../scheduler/dispatcher.ts';
import { Finisher, lastVisits } from '../scheduler/finisher.ts';
import type { Store } from '../store/store.ts';
import type { Settlement } from './settle-node.ts';
import type { Visit } from './visit.ts';

/** What is left of an invocation after the next node's timeout must do for its result. */
const SPARE_MS = 5_000;
/** So many nodes run on one message without the scheduler; then it is told, so that it is never far behind. */
const TOLD_EVERY = 64;

/** What the result says of what follows. */
export type HandOff = Pick<ResultItem, 'handedOff' | 'inlined' | 'ends' | 'advance'>;

/** The next node, to be run on the same message. */
export interface Continuation {
  readonly task: NodeTask;
  /** Results it may look at, which need not be read again. */
  readonly known: readonly ResultItem[];
  /** Another writer's result stood: it may have been here already. */
  readonly isRepeated: boolean;
}

type NodeRef = WorkRef & { readonly kind: 'node' };

const TOLD: HandOff = { advance: 1 };

/**
 * Starts what follows a success without asking the scheduler: the slot of a node that ended goes on to one successor,
 * which runs on the same message; others are sent, where the graph is never wider than the limit. The result names them
 * *before* they start, so that whoever finds it standing starts them again.
 *
 * A join belongs to who finishes last: each reads the other parents' results before writing its own, so of two that
 * race at most one sees all. Where none does, the scheduler, which is told, dispatches it.
 */
export class HandOffs {
  readonly #store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  readonly #finisher: Finisher;

  constructor({ store, dispatcher, clock }: { store: Store; dispatcher: Dispatcher; clock: Clock }) {
    this.#store = store;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
    this.#finisher = new Finisher({ store, clock });
  }

  /** What a visit's result is to hand off; and the results that were read to see it. */
  async plan(
    visit: Visit,
    settlement: Pick<Settlement, 'status' | 'next'>,
  ): Promise<HandOff & { readonly others: readonly ResultItem[] }> {
    if (visit.meta.isEager !== true || settlement.status !== 'SUCCEEDED' || visit.stop?.aborted === true)
      return { ...TOLD, others: [] };
    return visit.plan.kind === 'route'
      ? { ...this.#afterPosition(visit, settlement.next ?? null), others: [] }
      : this.#afterNode(visit);
  }

  /**
   * Starts what a standing result hands off. Gives what is to be run here.
   * @param isFirst this writer's result stands; another's may have been followed already
   */
  async follow(
    visit: Visit,
    result: ResultItem,
    { isFirst, others }: { readonly isFirst: boolean; readonly others: readonly ResultItem[] },
  ): Promise<Continuation | undefined> {
    const { handedOff, inlined, ends } = result;
    const { plan, meta } = visit;
    if (ends === true) {
      await this.#end(visit, [...others, result]);
      return undefined;
    }
    if (handedOff === undefined) return undefined;
    const nodes = [...fromRanges(handedOff)];
    const visits = visitsAfter(visit, nodes);
    const refs = nodes.map((node) => ({ kind: 'node' as const, node, visit: visits?.[node] ?? 1 }));
    const toSend = refs.filter(({ node }) => node !== inlined);
    const unsent = isFirst ? toSend : await this.#withoutResult(visit, toSend);
    const nowMs = this.#clock.nowMs();
    if (unsent.length > 0) await this.#dispatcher.dispatch(plan, meta, unsent, nowMs, { visits, isHandedOff: true });
    const here = refs.find(({ node }) => node === inlined);
    if (here === undefined) return undefined;
    const task = toNodeTask(plan, meta, here, nowMs);
    return {
      task: { ...task, isHandedOff: true, ...(visits !== undefined && { visits }) },
      known: [...others, result],
      isRepeated: !isFirst,
    };
  }

  async #afterNode(visit: Visit): Promise<HandOff & { readonly others: readonly ResultItem[] }> {
    const { plan, meta, node } = visit;
    if (plan.kind !== 'graph') return { ...TOLD, others: [] };
    const { alone, joins, otherSinks } = followOf(plan, node.index);
    const isOpen = (index: number) => meta.pauseBefore?.has(nodeAt(plan, index).id) !== true;
    const openJoins = joins.filter((join) => isOpen(join.node));
    const looked = [...new Set([...openJoins.flatMap((join) => join.others), ...(otherSinks ?? [])])];
    const found = await this.#results(visit, looked);
    const haveSucceeded = (nodes: readonly number[]) =>
      nodes.every((index) => found.get(nodeAt(plan, index).id)?.status === 'SUCCEEDED');
    const others = [...found.values()];
    if (otherSinks !== undefined) return { ...(haveSucceeded(otherSinks) ? { ends: true } : TOLD), others };
    const ready = [
      ...alone.filter(isOpen),
      ...openJoins.filter((join) => haveSucceeded(join.others)).map((join) => join.node),
    ].sort((a, b) => a - b);
    const inlined = ready.find((index) => this.#canRunHere(visit, index));
    const mayAllGo = fitsLimit(plan, meta.config.maxParallelNodes);
    const handedOff = mayAllGo ? ready : inlined === undefined ? [] : [inlined];
    if (handedOff.length === 0) return { ...TOLD, others };
    const isWhole = mayAllGo && handedOff.length === node.children.length;
    return {
      handedOff: toRanges(handedOff),
      ...(inlined !== undefined && { inlined }),
      ...this.#tell(visit, isWhole),
      others,
    };
  }

  #afterPosition(visit: Visit, next: NodeId | null): HandOff {
    const { plan, task, meta } = visit;
    if (plan.kind !== 'route' || task.kind !== 'node' || task.visits === undefined) return TOLD;
    if (next === null) return { ends: true };
    const target = findNode(plan, next);
    if (target === undefined || isMapNode(target.definition) || meta.pauseBefore?.has(next) === true) return TOLD;
    if ((task.visits[target.index] ?? 0) >= plan.maxVisits) return TOLD;
    const isHere = this.#canRunHere(visit, target.index);
    return {
      handedOff: toRanges([target.index]),
      ...(isHere && { inlined: target.index }),
      ...this.#tell(visit, true),
    };
  }

  /** Whether the scheduler is to hear of the result. */
  #tell({ hops }: Visit, isWhole: boolean): Pick<HandOff, 'advance'> {
    const isDue = hops % TOLD_EVERY === TOLD_EVERY - 1;
    return isWhole && !isDue ? {} : TOLD;
  }

  #canRunHere({ plan, task, remainingMs }: Visit, index: number): boolean {
    const node = nodeAt(plan, index);
    return (
      poolOf(plan, node.id) === poolOf(plan, task.node) && remainingMs() >= timeoutSecondsOf(node) * 1_000 + SPARE_MS
    );
  }

  async #withoutResult({ plan, meta, task }: Visit, refs: readonly NodeRef[]): Promise<NodeRef[]> {
    const { executionId, resultShards } = meta;
    const isOpen = await Promise.all(
      refs.map(async ({ node, visit }) => {
        const key = { executionId, resultShards, run: task.run, node: nodeAt(plan, node).id, visit };
        return (await this.#store.results.find(key)) === undefined;
      }),
    );
    return refs.filter((_ref, index) => isOpen[index]);
  }

  /** Only of this run: what a redrive kept the state knows, what came late in an earlier run counts for nothing. */
  async #results({ plan, meta, task }: Visit, nodes: readonly number[]): Promise<Map<NodeId, ResultItem>> {
    if (nodes.length === 0) return new Map();
    const visits = nodes.map((index) => ({ node: nodeAt(plan, index).id, visit: 1 }));
    const found = await this.#store.results.loadResults({ ...meta, run: task.run }, visits);
    return new Map([...found].filter(([, { run }]) => run === task.run));
  }

  async #end(visit: Visit, known: readonly ResultItem[]): Promise<void> {
    const { plan, meta, task } = visit;
    const visits =
      plan.kind === 'graph'
        ? plan.sinks.map((index) => ({ node: nodeAt(plan, index).id, visit: 1 }))
        : lastVisits(plan, (task.kind === 'node' && task.visits) || {});
    if (await this.#finisher.succeed(plan, meta, visits, known)) return;
    // It was to stop before that: nothing of it runs any more, so there is nothing to wait for.
    await this.#store.executions.markSettleElapsed(meta);
  }
}

/** Of a route, how often each node was entered once its position is on the node that follows. */
function visitsAfter({ task }: Visit, [next]: readonly number[]): Record<string, number> | undefined {
  if (task.kind !== 'node' || task.visits === undefined || next === undefined) return undefined;
  return { ...task.visits, [next]: (task.visits[next] ?? 0) + 1 };
}
