import type { EventTarget } from './event-targets.ts';
import type { RuleStatus } from './stack-status.ts';

/** What rules and schedules have done so far. */
export class RuleActivity {
  readonly #rules: RuleStatus[] = [];

  /** Gives the targets of a rule such that its events are counted. */
  watch(rule: Pick<RuleStatus, 'name' | 'on' | 'isEnabled'>, targets: readonly EventTarget[]): readonly EventTarget[] {
    const status: RuleStatus = { ...rule, matched: 0 };
    this.#rules.push(status);
    // An event goes to all of them, and counts once.
    return targets.map((target, index) => (event, signal) => {
      if (index === 0) {
        status.matched++;
        status.lastAtMs = Date.now();
      }
      return target(event, signal);
    });
  }

  get status(): RuleStatus[] {
    return this.#rules.map((rule) => ({ ...rule }));
  }
}
