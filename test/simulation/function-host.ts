import { SimulatedProcess, type Surroundings } from './process.ts';

/** How an invocation ended, as its source sees it. */
export type Invoked<Result> = { readonly ok: true; readonly result: Result } | { readonly ok: false };

export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

export interface FunctionSettings<Event, Result> {
  readonly name: string;
  readonly timeoutMs: number;
  /** Whether it may be out for so long that a client would not wait for it. Default false. */
  readonly mayBeOut?: boolean;
  /** What a new instance does at its start; gives its handler. */
  readonly start: (process: SimulatedProcess) => (event: Event, context: InvocationContext) => Promise<Result>;
}

interface Instance<Event, Result> {
  readonly process: SimulatedProcess;
  readonly handle: (event: Event, context: InvocationContext) => Promise<Result>;
  end: ((outcome: Invoked<Result>) => void) | undefined;
  isNew: boolean;
}

const MAX_OUT_MS = 40 * 60_000;

/**
 * A Lambda function: instances that each take one event at a time and are kept, with all they remember, until one dies or
 * runs out of time. Between two events an instance stands still.
 */
export class FunctionHost<Event, Result> {
  readonly #settings: FunctionSettings<Event, Result>;
  readonly #surroundings: Surroundings;
  readonly #instances: Instance<Event, Result>[] = [];
  #started = 0;
  #invocations = 0;
  #busy = 0;
  #busyMs = 0;
  #outUntilMs = 0;

  constructor(settings: FunctionSettings<Event, Result>, surroundings: Surroundings) {
    this.#settings = settings;
    this.#surroundings = surroundings;
  }

  /** Invocations under way. */
  get busy(): number {
    return this.#busy;
  }

  /** How long invocations took, all together. */
  get busyMs(): number {
    return this.#busyMs;
  }

  get coldStarts(): number {
    return this.#started;
  }

  get invocations(): number {
    return this.#invocations;
  }

  /** Settles when the handler has, its instance died, it ran out of time, or its source gave it up. */
  invoke(event: Event): Promise<Invoked<Result>> {
    const { loop, faults, dice, latencies, onError, trace } = this.#surroundings;
    const { name, timeoutMs, mayBeOut = false } = this.#settings;
    const site = `${name}/${++this.#invocations}`;
    if (mayBeOut && faults.at(`${site}/outage`, ['functionIsOut'], name) !== undefined) {
      this.#outUntilMs = loop.elapsedMs + dice.int(`${site}/out for`, 1_000, MAX_OUT_MS);
      faults.last(this.#outUntilMs);
    }
    if (loop.elapsedMs < this.#outUntilMs) return Promise.resolve({ ok: false });
    if (faults.at(`${site}/invocation`, ['notInvoked'], name) !== undefined) return Promise.resolve({ ok: false });
    const instance = this.#free(site);
    const { process } = instance;
    trace(() => `${process.name} is invoked (${site})`);
    this.#busy++;
    return new Promise((resolve) => {
      const isGivenUp = faults.at(site, ['givenUp'], name) !== undefined;
      if (isGivenUp) loop.after(dice.int(`${site}/patience`, 1, 200), () => resolve({ ok: false }));
      const cancelTimeout = loop.after(timeoutMs, () => process.kill('out of time'));
      instance.end = (outcome) => {
        cancelTimeout();
        instance.end = undefined;
        process.rest();
        this.#busy--;
        this.#busyMs += loop.nowMs - beganMs;
        if (!isGivenUp) resolve(outcome);
      };
      const untilMs = loop.nowMs + timeoutMs;
      let beganMs = loop.nowMs;
      const context = { getRemainingTimeInMillis: () => Math.max(0, untilMs - loop.nowMs) };
      const begin = () => {
        if (process.isDead) return;
        beganMs = loop.nowMs;
        process.wake();
        instance.handle(event, context).then(
          (result) => instance.end?.({ ok: true, result }),
          (error: unknown) => {
            trace(() => `${process.name} fails: ${error instanceof Error ? error.message : String(error)}`);
            onError?.(name, error);
            instance.end?.({ ok: false });
          },
        );
      };
      const startMs = instance.isNew ? latencies.startMs(`${process.name}/start`) : 0;
      instance.isNew = false;
      if (startMs > 0) loop.after(startMs, begin);
      else begin();
    });
  }

  #free(site: string): Instance<Event, Result> {
    const { dice, latencies } = this.#surroundings;
    const free = this.#instances.filter(({ end, process }) => end === undefined && !process.isDead && !process.isStuck);
    if (free.length > 0 && !dice.chance(`${site}/cold`, latencies.coldStarts))
      return dice.pick(`${site}/instance`, free);
    const process = new SimulatedProcess(`${this.#settings.name}-${++this.#started}`, this.#surroundings, () => {
      this.#instances.splice(this.#instances.indexOf(instance), 1);
      instance.end?.({ ok: false });
    });
    const instance: Instance<Event, Result> = {
      process,
      handle: this.#settings.start(process),
      end: undefined,
      isNew: true,
    };
    this.#instances.push(instance);
    return instance;
  }
}
