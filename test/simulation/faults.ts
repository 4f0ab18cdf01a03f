import type { Dice } from './dice.ts';

/** What can go wrong. Each has its own likelihood in a run, each time it can happen. */
export const FAULT_KINDS = {
  /** A process dies as it is about to make a call: the call, and all it would have done later, does not happen. */
  crashBefore: 'a process dies before a call',
  /** A process dies when a call has taken effect: it never hears of it. */
  crashAfter: 'a process dies after a call',
  /** The same, at the moment at which most depends on who else is at work on the node. */
  crashAfterResult: 'a process dies as its result is written',
  /** A call is refused, as when it is throttled. */
  callFails: 'a call fails',
  /** A queue is out for a moment, or takes a part of what is sent at once: what was decided is saved by then. */
  sendFails: 'a queue refuses what is sent to it, or some of it',
  /** A call takes effect, and its answer is lost. */
  answerLost: 'a call takes effect, its answer is lost',
  /** A call takes a hundred times as long as others. */
  callHangs: 'a call hangs for seconds',
  /** All calls to it are refused, whoever makes them. */
  partitionThrottled: 'a partition of the table is throttled for up to 20 s',
  /** It neither calls nor hears anything until its time is over. */
  functionIsStuck: 'a function hangs at a call, and runs out of time',
  /** As Lambda does: what it left running goes on when it is next invoked, if it ever is. */
  standsStill: 'an instance stands still between its invocations',
  notInvoked: 'an invocation is refused: there are too many',
  /** Each invocation fails, as after a deploy that broke it: messages and records are given up. */
  functionIsOut: 'a function cannot be invoked for up to 40 minutes',
  handlerCrashes: 'a handler kills its process',
  handlerIsSlow: 'a handler takes up to 50 s longer',
  handlerIsStuck: 'a handler never settles',
  clockIsOff: "a process's clock is off by up to 1.5 s",
  messageTwice: 'a message is delivered twice',
  messageLate: 'a message comes up to a minute late',
  messageLost: 'a message is lost',
  /** A message comes again while its runner is at work. */
  visibilityEnds: 'a message becomes visible while its runner lives',
  removalLost: 'a message is handled, its removal is lost',
  /** Its removal was lost so often. */
  buried: 'a message is handled, and given up all the same',
  recordLost: 'a stream record is lost',
  /** Records may grow too old to be delivered at all. */
  streamStands: 'a part of the stream is not delivered for up to 90 minutes',
  batchTwice: 'a stream batch is handled, and comes again',
  /** Its source gives a function up for dead, and goes on; it lives. */
  givenUp: 'a function is given up and still writes',
  sweepMissed: 'a sweep is left out',
  indexLags: 'the due index tells what was',
} as const;
export type FaultKind = keyof typeof FAULT_KINDS;

export type Rates = Readonly<Partial<Record<FaultKind, number>>>;

export interface FaultPlan {
  /** How likely each kind is, each time it can happen. */
  readonly rates: Rates;
  /** At most so many, all together. */
  readonly budget: number;
  /** None later than this, since the beginning of simulated time. */
  readonly untilMs: number;
  /** If given, exactly these happen, by their ids, whatever else is said here. */
  readonly exactly?: ReadonlySet<string> | undefined;
}

export const NO_FAULTS: FaultPlan = { rates: {}, budget: 0, untilMs: 0 };

export interface Fault {
  /** Kind and site: the same in every run of the seed that gets there. */
  readonly id: string;
  readonly kind: FaultKind;
  readonly atMs: number;
  /** What it hit, for people. */
  readonly what: string;
}

/** Decides what goes wrong where, and remembers it. */
export class Faults {
  readonly fired: Fault[] = [];
  #lastMs = 0;
  readonly #plan: FaultPlan;
  readonly #dice: Dice;
  readonly #elapsedMs: () => number;
  readonly #onFault: (fault: Fault) => void;

  constructor(plan: FaultPlan, dice: Dice, elapsedMs: () => number, onFault: (fault: Fault) => void) {
    this.#plan = plan;
    this.#dice = dice;
    this.#elapsedMs = elapsedMs;
    this.#onFault = onFault;
  }

  /** Which of the kinds, if any, happens at a site that is passed once. */
  at(site: string, kinds: readonly FaultKind[], what: string): FaultKind | undefined {
    const kind = this.#draw(site, kinds);
    if (kind === undefined) return undefined;
    const fault = { id: `${kind}@${site}`, kind, atMs: this.#elapsedMs(), what };
    this.fired.push(fault);
    this.last(fault.atMs);
    this.#onFault(fault);
    return kind;
  }

  /** What goes wrong does so until then, since the beginning. */
  last(untilMs: number): void {
    this.#lastMs = Math.max(this.#lastMs, untilMs);
  }

  /** When nothing is wrong any more, as far as it is known. */
  get lastMs(): number {
    return this.#lastMs;
  }

  #draw(site: string, kinds: readonly FaultKind[]): FaultKind | undefined {
    const { rates, budget, untilMs, exactly } = this.#plan;
    if (exactly !== undefined) return kinds.find((kind) => exactly.has(`${kind}@${site}`));
    if (this.fired.length >= budget || this.#elapsedMs() > untilMs) return undefined;
    let left = this.#dice.roll(site);
    for (const kind of kinds) {
      left -= rates[kind] ?? 0;
      if (left < 0) return kind;
    }
    return undefined;
  }
}
