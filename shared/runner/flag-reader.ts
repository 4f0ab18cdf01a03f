import type { ExecutionId } from '../model/ids.ts';
import type { MetaItem } from '../model/items.ts';
import type { Clock } from '../ports/clock.ts';
import type { ExecutionStore } from '../store/execution-store.ts';

/**
 * For so long a runner on AWS goes by what it read of an execution's flags, for the nodes that follow and the messages
 * beside. Whoever pauses or cancels gets the answer no sooner, so that nothing starts after it.
 */
export const FLAGS_KNOWN_MS = 500;

/** Executions whose flags are remembered. */
const KNOWN = 100;

interface Known {
  /** Before it was asked for: what was changed until then is in it. */
  readonly askedAtMs: number;
  readonly meta: Promise<MetaItem | undefined>;
}

/** Reads the flags of executions, and remembers for a moment that they let work start. */
export class FlagReader {
  readonly #executions: ExecutionStore;
  readonly #clock: Clock;
  readonly #knownMs: number;
  /** Least recently read first. */
  readonly #known = new Map<ExecutionId, Known>();

  /** @param knownMs how long what was read is taken for so; 0: it is read each time */
  constructor(executions: ExecutionStore, clock: Clock, knownMs: number) {
    this.#executions = executions;
    this.#clock = clock;
    this.#knownMs = knownMs;
  }

  /** As they stand now. */
  read(executionId: ExecutionId): Promise<MetaItem | undefined> {
    const askedAtMs = this.#clock.nowMs();
    const meta = this.#executions.loadMeta(executionId);
    if (this.#knownMs > 0) this.#remember(executionId, { askedAtMs, meta });
    return meta;
  }

  /** As they stood a moment ago, if they let a node of this run start then; else as they stand now. */
  async recall(executionId: ExecutionId, run: number): Promise<MetaItem | undefined> {
    const known = this.#known.get(executionId);
    if (known === undefined || !this.#isFresh(known)) return this.read(executionId);
    // Whoever asked for it hears of what went wrong, and asks again; so does this one.
    const meta = await known.meta.catch(() => undefined);
    return meta !== undefined && letsStart(meta, run) ? meta : this.read(executionId);
  }

  /** Where changes are heard as they are committed: what there is from now on. */
  hear(meta: MetaItem): void {
    this.#known.delete(meta.executionId);
    if (this.#knownMs > 0 && letsStart(meta, meta.run))
      this.#remember(meta.executionId, { askedAtMs: this.#clock.nowMs(), meta: Promise.resolve(meta) });
  }

  /** A clock that was set back tells nothing. */
  #isFresh({ askedAtMs }: Known): boolean {
    const ageMs = this.#clock.nowMs() - askedAtMs;
    return ageMs >= 0 && ageMs < this.#knownMs;
  }

  #remember(executionId: ExecutionId, known: Known): void {
    this.#known.delete(executionId);
    this.#known.set(executionId, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }
}

const letsStart = (meta: MetaItem, run: number): boolean =>
  meta.run === run && meta.status === 'RUNNING' && meta.stop === undefined;
