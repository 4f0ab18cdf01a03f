import { findNode } from '../core/plan.ts';
import { InvalidInputError, InvalidStateError } from '../errors.ts';
import type { MetaItem } from '../model/items.ts';
import { isTerminal } from '../model/result.ts';
import { sleep } from '../ports/clock.ts';
import { nextLook } from '../scheduler/sweep.ts';
import type { StarterParts } from './execution-starter.ts';
import type { RedriveOptions } from './executions.ts';
import { loadStanding } from './load-standing.ts';
import { assertStillKept } from './retention.ts';

export interface ControlParts extends Pick<StarterParts, 'store' | 'clock' | 'retentionMs'> {
  /** How long runners go by what they read of an execution's flags. Default 0: they look before each node. */
  readonly flagsKnownMs?: number;
}

/** Asks executions to stop, to wait and to go on: flags in META, which runners and the scheduler go by. */
export class ExecutionControl {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  async cancel(executionId: string): Promise<void> {
    await this.#change(executionId, 'cancel', (meta) =>
      this.#parts.store.executions.requestStop(meta, 'CANCELLED', this.#parts.clock.nowMs()),
    );
    await this.#untilHeard();
  }

  async pause(executionId: string, { before }: { before?: string } = {}): Promise<void> {
    if (before === undefined) {
      await this.#change(executionId, 'pause', (meta) =>
        this.#parts.store.executions.pause(meta, this.#parts.clock.nowMs()),
      );
      return this.#untilHeard();
    }
    const { meta } = await loadStanding(this.#parts.store, executionId);
    const plan = await this.#parts.store.definitions.loadPlan(meta.workflow, meta.definitionHash);
    const node = findNode(plan, before);
    if (node === undefined) {
      const message = `names a node that does not exist: '${before}'`;
      throw new InvalidInputError('The pause', [{ path: 'before', code: 'UNKNOWN_NODE', message }]);
    }
    await this.#change(executionId, 'pause', (now) => this.#parts.store.executions.pauseBefore(now, node.id));
    await this.#untilHeard();
  }

  async resume(executionId: string): Promise<void> {
    await this.#change(executionId, 'resume', (meta) =>
      this.#parts.store.executions.resume(meta, this.#parts.clock.nowMs()),
    );
  }

  async redrive(executionId: string, { handlers }: RedriveOptions = {}): Promise<void> {
    await this.#change(executionId, 'redrive', (meta) => {
      const nowMs = this.#parts.clock.nowMs();
      const deadlineAtMs = nowMs + meta.config.timeoutSeconds * 1000;
      if (this.#parts.retentionMs !== undefined) assertStillKept(meta, deadlineAtMs, this.#parts.retentionMs);
      const dueAtMs = nextLook({ deadlineAtMs }, nowMs);
      return this.#parts.store.executions.redrive(meta, nowMs, dueAtMs, { isUnpinned: handlers === 'latest' });
    });
  }

  /** Runners that read a flag before it was changed go by it no longer. */
  async #untilHeard(): Promise<void> {
    const { clock, flagsKnownMs = 0 } = this.#parts;
    if (flagsKnownMs > 0) await sleep(clock, flagsKnownMs);
  }

  async #change(
    executionId: string,
    action: string,
    change: (meta: MetaItem) => Promise<MetaItem | undefined>,
  ): Promise<void> {
    const { meta } = await loadStanding(this.#parts.store, executionId);
    if ((await change(meta)) !== undefined) return;
    const now = await this.#parts.store.executions.loadMeta(meta.executionId);
    throw new InvalidStateError(
      executionId,
      now?.stop !== undefined && !isTerminal(now.status) ? 'stopping' : (now?.status ?? 'gone'),
      action,
    );
  }
}
