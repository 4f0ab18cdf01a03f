import type { Json } from '../model/json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../store/store.ts';
import { type Visit, visitKeyOf } from './visit.ts';

/** The first attempt of a visit begins. */
export interface NodeStart {
  readonly executionId: string;
  readonly run: number;
  readonly nodeId: string;
  readonly visit: number;
  readonly atMs: number;
}

/** Hears of it in the runner's own process, before the handler runs. `input` is the handler's own: not to be changed. */
export type NodeStartListener = (start: NodeStart, input: Json) => void;

interface NodeStartsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly onNodeStart?: NodeStartListener;
}

/** Tells that attempts begin: to a listener, and, with `traceExecution`, in the history. */
export class NodeStarts {
  readonly #parts: NodeStartsParts;

  constructor(parts: NodeStartsParts) {
    this.#parts = parts;
  }

  /** A node's attempt, or the planning of a map, begins. */
  async node(visit: Visit, input: Json): Promise<void> {
    const { meta, task } = visit;
    if (task.attempt === 1) {
      const start = { executionId: meta.executionId, run: task.run, nodeId: task.node, visit: task.visit };
      this.#parts.onNodeStart?.({ ...start, atMs: this.#parts.clock.nowMs() }, input);
    }
    visit.trace?.measureInput(input);
    await this.#keep(visit);
  }

  /** An attempt at a chunk of a map begins. */
  chunk(visit: Visit, chunk: number, items: readonly Json[]): Promise<void> {
    visit.trace?.measureInput(items);
    return this.#keep(visit, chunk);
  }

  async #keep(visit: Visit, chunk?: number): Promise<void> {
    if (!visit.meta.config.traceExecution) return;
    await this.#parts.store.results.putStarted({
      ...visitKeyOf(visit),
      ...(chunk !== undefined && { chunk }),
      attempt: visit.task.attempt,
      startedAtMs: visit.startedAtMs,
    });
  }
}
