import type { Dice } from './dice.ts';
import type { Rates } from './faults.ts';
import type { ControlKind } from './scenario.ts';

export interface SituatedControl {
  readonly kind: ControlKind;
  /** Since the start of its execution. */
  readonly atMs: number;
}

/**
 * Where two things must come together that seldom do by chance. A seed that draws one has its faults and what its users do
 * from it; its workflows, latencies and times are drawn as ever.
 */
export interface Situation {
  readonly rates: Rates;
  /** Default: as in other seeds. A message is given up after five deliveries, of five and a half minutes each. */
  readonly untilMs?: number;
  /** How often each execution that did not succeed is redriven. */
  readonly redrives?: number;
  readonly controls?: (dice: Dice) => readonly SituatedControl[];
}

const times = (count: number, one: (index: number) => readonly SituatedControl[]): SituatedControl[] =>
  Array.from({ length: count }, (_, index) => one(index)).flat();

const SITUATIONS: Readonly<Record<string, Situation>> = {
  /** Two runners have the same node; one loses the race for its result, and the other may die. */
  'delivered twice': {
    rates: { visibilityEnds: 0.7, messageTwice: 0.4, handlerIsSlow: 0.9, crashAfterResult: 0.3 },
  },
  /** A handler does not hear of a cancel; its result comes when the next run has begun. */
  'late in the next run': {
    rates: { handlerIsSlow: 0.5, visibilityEnds: 0.1 },
    redrives: 2,
    controls: (dice) => [{ kind: 'cancel', atMs: dice.int('cancelled', 20, 1_500) }],
  },
  /** A message that was sent before a pause comes in the middle of it. */
  'late in a pause': {
    rates: { messageLate: 0.5 },
    controls: (dice) => {
      const atMs = dice.int('paused', 20, 1_500);
      return [
        { kind: 'pause', atMs },
        { kind: 'resume', atMs: atMs + dice.int('resumed', 60_000, 90_000) },
      ];
    },
  },
  /** A runner that saw a pause parks its message as the pause ends. */
  'parked too late': {
    rates: { callHangs: 0.5, messageLate: 0.6 },
    // Once: another resume would bring back what is parked.
    controls: (dice) => {
      const atMs = dice.int('paused', 50, 600);
      return [
        { kind: 'pause', atMs },
        { kind: 'resume', atMs: atMs + dice.int('resumed', 300, 40_000) },
      ];
    },
  },
  /** Whoever waits at a point resumes at once, and the batch that paused there comes again. */
  'resumed at a point': {
    rates: { batchTwice: 0.5, crashAfter: 0.04 },
    controls: (dice) => [
      ...times(3, (index) => [{ kind: 'pauseBefore', atMs: dice.int(`point ${index}`, 0, 200) }]),
      ...times(20, (index) => [{ kind: 'resume', atMs: dice.int(`resumed ${index}`, 200, 4_000) }]),
    ],
  },
  /** Functions that cannot be invoked, and a stream that stands: messages and records are given up. */
  'out of order': {
    rates: {
      functionIsOut: 0.08,
      streamStands: 0.04,
      notInvoked: 0.05,
      handlerCrashes: 0.5,
      callFails: 0.04,
      crashAfter: 0.02,
    },
    untilMs: 60 * 60_000,
  },
  /** What was decided is saved, and cannot be sent for a while; whoever decided it decides on. */
  'sends that fail': { rates: { sendFails: 0.5, crashAfter: 0.02, batchTwice: 0.1, handlerIsSlow: 0.1 } },
  /** What was parked is to be sent again, and the record that says so is lost. */
  'a resume that is lost': {
    rates: { recordLost: 0.25, messageLate: 0.5, crashAfter: 0.01 },
    controls: (dice) => {
      const atMs = dice.int('paused', 20, 1_500);
      return [
        { kind: 'pause', atMs },
        { kind: 'resume', atMs: atMs + dice.int('resumed', 2_000, 90_000) },
      ];
    },
  },
  /** What a stop cut off is heard of long before the stop, which is in another part of the stream. */
  'a stop that is heard late': {
    rates: { streamStands: 0.2, handlerIsSlow: 0.4 },
    redrives: 1,
    controls: (dice) => [{ kind: 'cancel', atMs: dice.int('cancelled', 50, 2_500) }],
  },
  /** A cancel comes between what ends an execution and its end. */
  'cancelled as it ends': {
    rates: { callHangs: 0.4 },
    controls: (dice) => [{ kind: 'cancel', atMs: dice.int('cancelled', 50, 6_000) }],
  },
  /** What a record would have told a sweep finds, and dies as it makes it good. */
  'repairs that die': { rates: { recordLost: 0.4, crashBefore: 0.08, crashAfter: 0.12 } },
};

/**
 * Several go on from the checkpoint of a pause, and whoever makes their executions dies; the execution may be paused again
 * by then, further on.
 */
const FROM_A_CHECKPOINT: Situation = {
  rates: { crashBefore: 0.08, crashAfter: 0.08, callHangs: 0.1 },
  controls: (dice) => {
    const pauses = dice.pick('pauses', [1, 4]);
    let nextMs = dice.int('paused', 50, 800);
    return times(pauses, (index) => {
      const atMs = nextMs;
      const resumedMs = atMs + dice.int(`resumed ${index}`, 500, 3_000);
      nextMs = resumedMs + dice.int(`paused again ${index}`, 100, 2_000);
      const latestMs = pauses === 1 ? 8_000 : resumedMs - atMs;
      return [
        { kind: 'pause', atMs },
        { kind: 'resume', atMs: resumedMs },
        ...times(8 / pauses, (each) => [
          { kind: 'resumeCheckpoint', atMs: atMs + dice.int(`from ${index} ${each}`, 300, latestMs) },
        ]),
      ];
    });
  },
};

/** Three seeds of five have one. */
export function situationOf(dice: Dice): Situation | undefined {
  if (dice.chance('from a checkpoint', 0.05)) return FROM_A_CHECKPOINT;
  if (!dice.chance('has a situation', 0.6)) return undefined;
  return SITUATIONS[dice.pick('situation', Object.keys(SITUATIONS))];
}
