import { fitsLimit, startsOf } from '../core/hand-off.ts';
import { firstWork } from '../core/open-work.ts';
import type { Plan } from '../core/plan.ts';
import { type Advance, DEFAULT_ADVANCE, type ExecutionConfig } from '../model/config.ts';
import type { MetaItem } from '../model/items.ts';
import { isTerminal } from '../model/result.ts';
import type { Dispatcher } from '../scheduler/dispatcher.ts';

export interface StartHandOffParts {
  /** Sends the first nodes of what is started. Absent: they wait for the scheduler. */
  readonly dispatcher?: Dispatcher;
  /** Default `eager`. */
  readonly advance?: Advance;
}

/** Sends the first nodes of an execution in place of the scheduler, where executions are to advance by themselves. */
export class StartHandOff {
  readonly #dispatcher: Dispatcher | undefined;
  readonly #isEager: boolean;

  constructor({ dispatcher, advance = DEFAULT_ADVANCE }: StartHandOffParts) {
    this.#dispatcher = dispatcher;
    this.#isEager = advance === 'eager';
  }

  /** What META is to say of it. */
  marks(
    plan: Plan,
    { maxParallelNodes, enableCheckpoints }: ExecutionConfig,
  ): Pick<MetaItem, 'isEager' | 'isHandedOff'> {
    // A checkpoint at an interval is a state that the scheduler saved before anything followed.
    if (!this.#isEager || enableCheckpoints) return {};
    const mayGo = this.#dispatcher !== undefined && fitsLimit(plan, maxParallelNodes);
    return { isEager: true, ...(mayGo && { isHandedOff: true }) };
  }

  /** Of an execution that was just created. Whoever crashes before that leaves one that the sweep finds. */
  async send(plan: Plan, meta: MetaItem): Promise<void> {
    if (meta.isHandedOff !== true || isTerminal(meta.status)) return;
    const visits = plan.kind === 'route' ? { [plan.start]: 1 } : undefined;
    const work = startsOf(plan).map((node) => firstWork(plan, node));
    await this.#dispatcher?.dispatch(plan, meta, work, meta.startedAtMs, { visits, isHandedOff: true });
  }
}
