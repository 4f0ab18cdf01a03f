import { ExecutionId } from '../model/ids.ts';
import type { MetaItem } from '../model/items.ts';
import { isTerminal } from '../model/result.ts';
import { type Waiter, Waiters } from './waiters.ts';

/**
 * The executions that are an engine's to advance, since it started them or was told to resume them; and those who wait for
 * one to come to rest.
 */
export class OwnExecutions {
  readonly #own = new Set<string>();
  readonly #paused = new Set<string>();
  readonly #waiters = new Waiters();

  get isEmpty(): boolean {
    return this.#own.size === 0;
  }

  get ids(): ExecutionId[] {
    return [...this.#own].map((executionId) => ExecutionId.parse(executionId));
  }

  has(executionId: string | undefined): boolean {
    return executionId !== undefined && this.#own.has(executionId);
  }

  /** Whether it runs, as far as was heard: its end and each pause will be heard of, too. */
  isUnderWay(executionId: string): boolean {
    return this.#own.has(executionId) && !this.#paused.has(executionId);
  }

  take({ executionId, status }: MetaItem): void {
    this.#own.add(executionId);
    if (status === 'PAUSED') this.#paused.add(executionId);
  }

  /**
   * Has `begin` make it an execution that is open: its first change record comes with that very write, so it is taken
   * before, and let go of if it was not to be.
   * @param isBegun whether `begin` did so. Default: unless it throws
   */
  async taking<T>(
    executionId: string,
    begin: () => Promise<T>,
    isBegun: (outcome: T) => boolean = () => true,
  ): Promise<T> {
    const wasOwn = this.#own.has(executionId);
    this.#own.add(executionId);
    let isOwn = wasOwn;
    try {
      const outcome = await begin();
      isOwn ||= isBegun(outcome);
      return outcome;
    } finally {
      if (!isOwn) this.#letGo(executionId);
    }
  }

  /** Goes by what META says now. */
  hear({ executionId, status }: MetaItem): void {
    if (status === 'PAUSED') this.#paused.add(executionId);
    else this.#paused.delete(executionId);
    if (isTerminal(status)) this.#own.delete(executionId);
  }

  /** Whoever waits for it looks again, if the change may have brought rest. @param changed the sort key of what changed */
  wake(executionId: string, changed: string): void {
    // A pause is at rest once its running nodes are done, which only the state tells.
    if (changed === 'META' || (changed === 'STATE' && this.#paused.has(executionId))) this.#waiters.wake(executionId);
  }

  wakeAll(): void {
    this.#waiters.wakeAll();
  }

  /** Waits for a change that may have brought it to rest. */
  next(executionId: string, signal: AbortSignal | undefined): Waiter {
    return this.#waiters.next(executionId, signal);
  }

  /** Who waits for it looks for itself. */
  #letGo(executionId: string): void {
    this.#own.delete(executionId);
    this.#waiters.wake(executionId);
  }
}
