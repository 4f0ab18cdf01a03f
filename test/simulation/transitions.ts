import { isTerminal } from '../../shared/model/result.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';

export type Transition = 'paused' | 'resumed' | 'stopped' | 'redriven' | 'ended';

/** When each execution last did what users ask for, in milliseconds since the beginning. */
export class Transitions {
  readonly #elapsedMs: () => number;
  readonly #last = new Map<string, Map<Transition, number>>();

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  onChange({ key, before, after }: ChangeRecord): void {
    if (key.sk !== 'META' || before === undefined || after === undefined) return;
    const [earlier, later] = [parseMeta(before), parseMeta(after)];
    const last = this.#last.get(later.executionId) ?? new Map<Transition, number>();
    this.#last.set(later.executionId, last);
    const note = (transition: Transition, isSo: boolean) => isSo && last.set(transition, this.#elapsedMs());
    note('paused', earlier.status === 'RUNNING' && later.status === 'PAUSED');
    note('resumed', earlier.status === 'PAUSED' && later.status === 'RUNNING');
    note('stopped', earlier.stop === undefined && later.stop !== undefined);
    note('redriven', later.run > earlier.run);
    note('ended', !isTerminal(earlier.status) && isTerminal(later.status));
  }

  /** Whether it did, at that time or later. Without `transition`: whether it did anything of these. */
  hasSince(sinceMs: number, executionId: string, transition?: Transition): boolean {
    const last = this.#last.get(executionId) ?? new Map<Transition, number>();
    const times = transition === undefined ? [...last.values()] : [last.get(transition) ?? -1];
    return times.some((atMs) => atMs >= sinceMs);
  }
}
