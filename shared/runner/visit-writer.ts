import { pathText } from '../core/json.ts';
import type { ResultItem } from '../model/items.ts';
import type { Json } from '../model/json.ts';
import type { ErrorInfo, ItemFailure, Payload } from '../model/result.ts';
import type { Clock } from '../ports/clock.ts';
import { type Dispatcher, poolOf } from '../scheduler/dispatcher.ts';
import type { Store } from '../store/store.ts';
import { type Continuation, HandOffs } from './hand-offs.ts';
import { nodeErrors } from './node-errors.ts';
import { asFailure, type Settlement, settleFailure } from './settle-node.ts';
import { attemptsOf, type Visit, visitFolder, visitKeyOf } from './visit.ts';

/** Writes what became of a visit. */
export class VisitWriter {
  readonly #store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  readonly #handOffs: HandOffs;

  constructor({ store, dispatcher, clock }: { store: Store; dispatcher: Dispatcher; clock: Clock }) {
    this.#store = store;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
    this.#handOffs = new HandOffs({ store, dispatcher, clock });
  }

  /** Puts the result, unless one stands: then that one counts, and this one is dropped. Gives what to run next here, if anything. */
  async write(
    visit: Visit,
    settlement: Settlement,
    failures: readonly ItemFailure[] = [],
  ): Promise<Continuation | undefined> {
    const folder = visitFolder(visit);
    const { output, ...rest } = await this.#fitting(visit, settlement, folder);
    const { others, ...handOff } = await this.#handOffs.plan(visit, rest);
    const endedAtMs = this.#clock.nowMs();
    const { outcome, standing } = await this.#store.results.putResult({
      ...visitKeyOf(visit),
      ...rest,
      ...handOff,
      ...(output !== undefined && { output }),
      ...(failures.length > 0 && { failures: await this.#store.payloads.saveText(JSON.stringify(failures), folder) }),
      queuedAtMs: visit.task.queuedAtMs,
      startedAtMs: visit.startedAtMs,
      endedAtMs,
      attempts: attemptsOf(visit, endedAtMs, rest.error),
      ...visit.trace?.facts(),
    });
    return this.#handOffs.follow(visit, standing, { isFirst: outcome === 'written', others });
  }

  /** Goes on from a result that stood when the message came: whoever wrote it may have got no further. */
  async goOn(visit: Visit, standing: ResultItem): Promise<Continuation | undefined> {
    return this.#handOffs.follow(visit, standing, { isFirst: false, others: [] });
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
      chunk === undefined
        ? undefined
        : await this.#store.payloads.saveText(chunk.carried, visitFolder(visit), { packs: false });
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

  /** What an earlier delivery of this work got as far as: its outcome, the visit's result if it has one. */
  async findOutcome(visit: Visit): Promise<ResultItem | 'settled' | undefined> {
    const { task } = visit;
    const { results } = this.#store;
    const key = visitKeyOf(visit);
    switch (task.kind) {
      case 'plan':
        return (await results.loadMap(key)) === undefined ? results.find(key) : 'settled';
      case 'chunk':
        return (await results.loadChunk(key, task.chunk)) === undefined ? undefined : 'settled';
      case 'node':
      case 'collect':
        return results.find(key);
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
