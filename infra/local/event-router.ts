import { setTimeout as delay } from 'node:timers/promises';
import { compilePattern, type Test } from '../../shared/core/event-pattern.ts';
import type { BusEvent } from './bus-event.ts';
import type { EventTarget } from './event-targets.ts';
import type { Deliveries } from './faults.ts';
import { busNameOf } from './references.ts';

/** Every account has it, and no template makes it. */
const DEFAULT_BUS = 'default';

interface Rule {
  readonly bus: string;
  readonly isWanted: Test;
  readonly targets: readonly EventTarget[];
}

export interface EventRouterOptions {
  /** Names of the buses there are, beside the default one. */
  readonly buses: readonly string[];
  readonly deliveries: Deliveries;
  readonly log: (line: string) => void;
}

/** Takes events from buses to the targets of the rules they match: at least once, in no order. */
export class EventRouter {
  readonly #buses: ReadonlySet<string>;
  readonly #deliveries: Deliveries;
  readonly #log: (line: string) => void;
  readonly #rules: Rule[] = [];
  readonly #abort = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  constructor({ buses, deliveries, log }: EventRouterOptions) {
    this.#buses = new Set([DEFAULT_BUS, ...buses]);
    this.#deliveries = deliveries;
    this.#log = log;
  }

  /**
   * @param bus its name or ARN. Default: the default bus
   * @throws {EventPatternError}
   */
  addRule(bus: string | undefined, pattern: unknown, targets: readonly EventTarget[]): void {
    this.#rules.push({
      bus: busNameOf(bus ?? DEFAULT_BUS),
      isWanted: compilePattern(pattern, 'eventbridge'),
      targets,
    });
  }

  /** @param bus its name or ARN. Default: the default bus */
  publish(bus: string | undefined, event: BusEvent): void {
    const name = busNameOf(bus ?? DEFAULT_BUS);
    // EventBridge answers such a request as any other, and the event is gone.
    if (!this.#buses.has(name)) this.#log(`there is no bus '${name}': a '${event['detail-type']}' goes nowhere`);
    for (const rule of this.#rules) {
      if (rule.bus !== name || !rule.isWanted(event)) continue;
      for (const target of rule.targets) this.deliver(target, event);
    }
  }

  /** Takes something to a target, later. */
  deliver<Input>(target: (input: Input, signal: AbortSignal) => Promise<void>, input: Input): void {
    const delivery = this.#deliver(target, input).finally(() => this.#underWay.delete(delivery));
    this.#underWay.add(delivery);
  }

  /** What is not delivered yet is dropped. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#underWay);
  }

  async #deliver<Input>(target: (input: Input, signal: AbortSignal) => Promise<void>, input: Input): Promise<void> {
    const { signal } = this.#abort;
    const overtakenMs = this.#deliveries.isOvertaken() ? this.#deliveries.overtakenForMs() : 0;
    await delay(this.#deliveries.delayMs() + overtakenMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await target(input, signal);
    if (this.#deliveries.isRepeated() && !signal.aborted) await target(input, signal);
  }
}
