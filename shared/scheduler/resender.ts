import type { WorkRef } from '../core/events.ts';
import { nodeAt, type Plan } from '../core/plan.ts';
import { encodeWork } from '../core/work-list.ts';
import type { AttemptItem, MetaItem } from '../model/items.ts';
import { VisitTask } from '../model/message.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../store/store.ts';
import { type Dispatcher, type DispatchOptions, poolOf } from './dispatcher.ts';

/**
 * How much of what is open to send again: `all`, because its messages are gone (parked, or lost with the process that held
 * them); or what is `stalled`, because it gave no sign of life. Then a message that waits for its time is still on its
 * queue, and a second one would begin a second chain of attempts.
 */
export type Resend = 'all' | 'stalled';

/** Sends again what was sent before: a visit that waits for its next attempt goes on with that one, at its time. */
export class Resender {
  readonly #store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;

  constructor({ store, dispatcher, clock }: { store: Store; dispatcher: Dispatcher; clock: Clock }) {
    this.#store = store;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
  }

  async resend(
    plan: Plan,
    meta: MetaItem,
    work: readonly WorkRef[],
    { extent, ...options }: DispatchOptions & { readonly extent: Resend },
  ): Promise<void> {
    if (work.length === 0) return;
    const waiting = await this.#lastAttempts(meta);
    const nowMs = this.#clock.nowMs();
    const parked = new Set(meta.status === 'PAUSED' ? meta.parked : []);
    const first: WorkRef[] = [];
    for (const ref of work.filter((open) => !parked.has(encodeWork([open])))) {
      const attempt = ref.kind === 'settle' ? undefined : waiting.get(nameOf(plan, ref));
      if (attempt === undefined) {
        first.push(ref);
      } else if (extent === 'all' || attempt.nextAttemptAtMs <= nowMs) {
        const message = VisitTask.parse(JSON.parse(attempt.message));
        await this.#dispatcher.sendLater(poolOf(plan, attempt.node), message, nowMs, dueAtMs(attempt, nowMs));
      }
    }
    await this.#dispatcher.dispatch(plan, meta, first, nowMs, options);
  }

  async #lastAttempts(meta: MetaItem): Promise<Map<string, AttemptItem>> {
    const last = new Map<string, AttemptItem>();
    for await (const attempt of this.#store.results.attempts(meta)) {
      // In ascending order: the last one of a visit stays.
      if (attempt.run === meta.run) last.set(`${attempt.node} ${attempt.visit} ${attempt.chunk ?? ''}`, attempt);
    }
    return last;
  }
}

/** A clock that was set back since then would make it wait for longer than its policy says. */
const dueAtMs = ({ endedAtMs, nextAttemptAtMs }: AttemptItem, nowMs: number): number =>
  Math.min(nextAttemptAtMs, nowMs + nextAttemptAtMs - endedAtMs);

const nameOf = (plan: Plan, ref: Exclude<WorkRef, { kind: 'settle' }>): string =>
  `${nodeAt(plan, ref.node).id} ${ref.visit} ${ref.kind === 'chunk' ? ref.chunk : ''}`;
