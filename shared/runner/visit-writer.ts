import { pathText } from '../core/json.ts';
import type { Json } from '../model/json.ts';
import type { ErrorInfo, ItemFailure, Payload } from '../model/result.ts';
import type { Clock } from '../ports/clock.ts';
import { type Dispatcher, poolOf } from '../scheduler/dispatcher.ts';
import type { Store } from '../store/store.ts';
import { nodeErrors } from './node-errors.ts';
import { asFailure, type Settlement, settleFailure } from './settle-node.ts';
import { attemptsOf, type Visit, visitFolder, visitKeyOf } from './visit.ts';

/** Writes what became of a visit. */
export class VisitWriter {
  readonly #store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;

  constructor({ store, dispatcher, clock }: { store: Store; dispatcher: Dispatcher; clock: Clock }) {
    this.#store = store;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
  }

  /** Puts the result, unless one stands: then that one counts, and this one is dropped. */
  async write(visit: Visit, settlement: Settlement, failures: readonly ItemFailure[] = []): Promise<void> {
    const folder = visitFolder(visit);
    const { output, ...rest } = await this.#fitting(visit, settlement, folder);
    const endedAtMs = this.#clock.nowMs();
    await this.#store.results.putResult({
      ...visitKeyOf(visit),
      ...rest,
      ...(output !== undefined && { output }),
      ...(failures.length > 0 && { failures: await this.#store.payloads.saveText(JSON.stringify(failures), folder) }),
      queuedAtMs: visit.task.queuedAtMs,
      startedAtMs: visit.startedAtMs,
      endedAtMs,
      attempts: attemptsOf(visit, endedAtMs, rest.error),
      ...visit.trace?.facts(),
    });
  }

  /** Sends the next attempt, delayed, before this one is acknowledged. Nothing waits meanwhile. */
  async retry(
    visit: Visit,
    error: ErrorInfo,
    delayMs: number,
    chunk?: { readonly chunk: number; readonly carried: string },
  ): Promise<void> {
    const { task, startedAtMs } = visit;
    const endedAtMs = this.#clock.nowMs();
    const nextAttemptAtMs = endedAtMs + delayMs;
    const carried =
      chunk === undefined ? undefined : await this.#store.payloads.saveText(chunk.carried, visitFolder(visit));
    const next = {
      ...task,
      attempt: task.attempt + 1,
      earlier: attemptsOf(visit, endedAtMs, error),
      ...(carried !== undefined && { carried }),
    };
    await this.#store.results.putAttempt({
      ...visitKeyOf(visit),
      ...(chunk !== undefined && { chunk: chunk.chunk }),
      attempt: task.attempt,
      error,
      startedAtMs,
      endedAtMs,
      nextAttemptAtMs,
      message: JSON.stringify(next),
      ...visit.trace?.facts(),
    });
    await this.#dispatcher.sendLater(poolOf(visit.plan, task.node), next, endedAtMs, nextAttemptAtMs);
  }

  /** Whether an earlier delivery of this work got as far as its outcome. */
  async isSettled(visit: Visit): Promise<boolean> {
    const { task } = visit;
    const key = visitKeyOf(visit);
    switch (task.kind) {
      case 'plan':
        return (await this.#store.results.loadMap(key)) !== undefined || (await this.#store.results.hasResult(key));
      case 'chunk':
        return (await this.#store.results.loadChunk(key, task.chunk)) !== undefined;
      case 'node':
      case 'collect':
        return this.#store.results.hasResult(key);
    }
  }

  /** An output that is too large, or refers to a secret, cannot be kept and fails the visit; what a catch clause gives instead is kept. */
  async #fitting(
    visit: Visit,
    settlement: Settlement,
    folder: string,
  ): Promise<Omit<Settlement, 'output'> & { output: Payload | undefined }> {
    const { output, ...rest } = settlement;
    if (output === undefined) return { ...rest, output: undefined };
    const saved = await this.#save(visit, output, folder);
    if (!('error' in saved)) return { ...rest, output: saved };
    const instead =
      settlement.source === 'catch'
        ? asFailed(saved.error)
        : await settleFailure(visit, { isSuccess: false, error: saved.error });
    return this.#fitting(visit, instead, folder);
  }

  async #save(visit: Visit, output: Json, folder: string): Promise<Payload | { error: ErrorInfo }> {
    const [secret] = visit.input.secretsIn(output);
    if (secret !== undefined)
      return { error: nodeErrors.secretInOutput(visit.node.id, secret.name, pathText(secret.path)) };
    try {
      return await this.#store.payloads.save(output, folder);
    } catch (error) {
      return { error: asFailure(error).error };
    }
  }
}

const asFailed = (error: ErrorInfo): Settlement => ({ status: 'FAILED', source: 'catch', error });
