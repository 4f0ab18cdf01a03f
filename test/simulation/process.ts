import {
  BlobsUnavailableError,
  EventsUnavailableError,
  QueueUnavailableError,
  TableUnavailableError,
} from '../../shared/errors.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Dice } from './dice.ts';
import type { EventLoop } from './event-loop.ts';
import type { Faults } from './faults.ts';
import { type Backend, type Call, type Ports, portsOf } from './ports.ts';

/** How long things take when nothing goes wrong, in milliseconds, by the site at which they happen. */
export interface Latencies {
  readonly callMs: (site: string, call: Pick<Call<unknown>, 'port' | 'name' | 'isWrite'>, nowMs: number) => number;
  readonly streamMs: (site: string) => number;
  readonly queueMs: (site: string) => number;
  /** Of a new instance of a function. */
  readonly startMs: (site: string) => number;
  /** How likely an invocation begins in a new instance although one is free: so that caches differ. */
  readonly coldStarts: number;
  /** Whether batches hold all there is; else now and then only a part of it. */
  readonly hasFullBatches: boolean;
  /** Invocations that a queue has at once, so many seconds after its first message. */
  readonly consumersAfter: (seconds: number) => number;
}

export interface Surroundings {
  readonly loop: EventLoop;
  readonly dice: Dice;
  readonly faults: Faults;
  readonly backend: Backend;
  readonly latencies: Latencies;
  /** Partitions whose calls are refused, by the time until which they are. */
  readonly throttled: Map<string, number>;
  readonly onCall?: ((site: string) => void) | undefined;
  /** Told of each call that arrived, with what it gave. */
  readonly onDone?: ((call: Call<unknown>, value: unknown) => void) | undefined;
  /** Told of what a function threw. */
  readonly onError?: ((name: string, error: unknown) => void) | undefined;
  readonly trace: (line: () => string) => void;
}

const CALL_FAULTS = ['crashBefore', 'crashAfter', 'callFails', 'answerLost', 'callHangs', 'functionIsStuck'] as const;
const QUEUE_FAULTS = [...CALL_FAULTS, 'sendFails'] as const;
const TABLE_FAULTS = [...CALL_FAULTS, 'partitionThrottled'] as const;
const RESULT_FAULTS = [...TABLE_FAULTS, 'crashAfterResult'] as const;
const MAX_THROTTLED_MS = 20_000;
const MAX_SKEW_MS = 1_500;
const ASKED = 'as the simulation asks';

/** Whether an error is one that the simulation made. */
export const isAskedFor = (text: string): boolean => text.includes(ASKED);

/**
 * One process: a clock and ports. Dead, its calls and timers do not happen, and what it waits for never comes; calls under
 * way when it died may still take effect. While it stands still they wait; what was under way takes effect, unheard.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly ports: Ports;
  readonly #surroundings: Surroundings;
  readonly #onDeath: () => void;
  #calls = 0;
  #draws = 0;
  #isDead = false;
  readonly #restsBetween: boolean;
  #isStill = false;
  #isStuck = false;
  /** What waits for the process to go on, in order. */
  #held: (() => void)[] = [];

  constructor(name: string, surroundings: Surroundings, onDeath: () => void) {
    this.name = name;
    this.#surroundings = surroundings;
    this.#onDeath = onDeath;
    const { loop, dice, faults, backend } = surroundings;
    const isOff = faults.at(`${name}/clock`, ['clockIsOff'], name) !== undefined;
    const skewMs = isOff ? Math.round((dice.roll(`${name}/skew`) * 2 - 1) * MAX_SKEW_MS) : 0;
    this.clock = {
      nowMs: () => Math.floor(loop.nowMs) + skewMs,
      after: (delayMs, task) => {
        let isWanted = true;
        const cancel = loop.after(delayMs, () =>
          this.#inTurn(() => {
            if (isWanted) task();
          }),
        );
        return () => {
          isWanted = false;
          cancel();
        };
      },
    };
    this.#restsBetween = faults.at(`${name}/rest`, ['standsStill'], name) !== undefined;
    this.ports = portsOf(backend, (call) => this.#call(call));
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** It hangs: it will run out of time. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** It has answered. One that stands still between its invocations does nothing until it is woken. */
  rest(): void {
    this.#isStill = this.#restsBetween;
  }

  wake(): void {
    this.#isStill = false;
    const held = this.#held;
    this.#held = [];
    for (const task of held) this.#inTurn(task);
  }

  #inTurn(task: () => void): void {
    if (this.#isDead) return;
    if (this.#isStill || this.#isStuck) this.#held.push(task);
    else task();
  }

  /** In [0, 1). */
  readonly random = (): number => this.#surroundings.dice.roll(`${this.name}/random ${++this.#draws}`);

  kill(why: string): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#surroundings.trace(() => `${this.name} dies: ${why}`);
    this.#onDeath();
  }

  #call<T>(call: Call<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#inTurn(() => {
        this.#begin(
          call,
          (value) => this.#inTurn(() => resolve(value)),
          (error) => this.#inTurn(() => reject(error)),
        );
      });
    });
  }

  #begin<T>(call: Call<T>, resolve: (value: T) => void, reject: (error: unknown) => void): void {
    const { loop, dice, faults, latencies, throttled, onCall, onDone, trace } = this.#surroundings;
    const site = `${this.name}#${++this.#calls}`;
    const what = `${call.port} ${call.name}`;
    trace(() => `${site} ${what}`);
    onCall?.(site);
    const partition = partitionOf(call);
    const fault = faults.at(site, faultsOf(call, partition), what);
    if (fault === 'crashBefore') {
      this.kill(`before ${what}`);
      return;
    }
    if (fault === 'functionIsStuck') {
      this.#isStuck = true;
      if (dice.chance(`${site}/unsent`, 0.5)) return;
    }
    if (fault === 'partitionThrottled' && partition !== undefined)
      throttled.set(partition, loop.elapsedMs + dice.int(`${site}/throttled`, 100, MAX_THROTTLED_MS));
    const tookMs = latencies.callMs(site, call, loop.nowMs) * (fault === 'callHangs' ? 100 : 1);
    loop.after(tookMs, () => {
      // It was on its way when its process died: it may have arrived.
      if (this.#isDead && dice.chance(`${site}/orphan`, 0.5)) return;
      if (fault === 'callFails' || fault === 'sendFails') {
        call.runPart?.(dice.roll(`${site}/part`));
        return reject(unavailable(call));
      }
      if (partition !== undefined && (throttled.get(partition) ?? 0) > loop.elapsedMs) return reject(unavailable(call));
      const outcome = attempt(call);
      if ('value' in outcome) onDone?.(call, outcome.value);
      trace(
        () =>
          `${site} ${this.#isDead ? 'took effect after the death' : 'done'}${outcome.isWritten === false ? ', refused' : ''}`,
      );
      if (this.#isDead) return;
      if (fault === 'crashAfter' || fault === 'crashAfterResult') return this.kill(`after ${what}`);
      if (fault === 'answerLost') return reject(unavailable(call));
      if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.value);
    });
  }
}

function faultsOf({ port, isWrite, name }: Call<unknown>, partition: string | undefined) {
  if (port === 'queue') return QUEUE_FAULTS;
  if (partition === undefined) return CALL_FAULTS;
  return isWrite && name.includes(' RESULT#') ? RESULT_FAULTS : TABLE_FAULTS;
}

/** Which partition of the table a call is for, by its name. */
function partitionOf({ port, name }: Call<unknown>): string | undefined {
  return port === 'table' ? name.split(' ').find((word) => word.includes('#')) : undefined;
}

type Outcome<T> = { readonly isWritten?: boolean } & ({ readonly value: T } | { readonly error: unknown });

function attempt<T>({ run }: Call<T>): Outcome<T> {
  try {
    const value = run();
    const isWritten = typeof value === 'object' && value !== null && 'written' in value ? value.written === true : true;
    return { value, isWritten };
  } catch (error) {
    return { error };
  }
}

function unavailable({ port, name }: Call<unknown>): Error {
  const cause = new Error(ASKED);
  if (port === 'queue') return new QueueUnavailableError('send', name, cause);
  if (port === 'bus') return new EventsUnavailableError(cause);
  return port === 'blobs' ? new BlobsUnavailableError('call', name, cause) : new TableUnavailableError(name, cause);
}
