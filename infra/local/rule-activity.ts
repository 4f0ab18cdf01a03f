import type { RuleStatus } from './stack-status.ts';

type Target<Input> = (input: Input, signal: AbortSignal) => Promise<void>;

/** What rules and schedules have done so far. */
export class RuleActivity {
  readonly #rules: RuleStatus[] = [];

  /** Gives the targets of a rule such that its events are counted. */
  watch<Input>(
    rule: Pick<RuleStatus, 'name' | 'on' | 'isEnabled'>,
    targets: readonly Target<Input>[],
  ): readonly Target<Input>[] {
    const status: RuleStatus = { ...rule, matched: 0 };
    this.#rules.push(status);
    // An event goes to all of them, and counts once.
    return targets.map((target, index) => (input, signal) => {
      if (index === 0) {
        status.matched++;
        status.lastAtMs = Date.now();
      }
      return target(input, signal);
    });
  }

  get status(): RuleStatus[] {
    return this.#rules.map((rule) => ({ ...rule }));
  }
}
