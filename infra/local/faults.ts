import * as z from 'zod';
import { AWS_LATENCY, drawMs, type LatencyKind } from './latency.ts';
import { seededRandom } from './random.ts';

const Probability = z.number().min(0).max(1);

/**
 * What may go wrong without anybody's fault, each as the probability that it hits one delivery. All are default 0.
 *
 * None breaks what AWS promises: a stream keeps the order of each partition key, a queue promises none.
 */
export const Faults = z.strictObject({
  /** A delivery comes a second time: a message beside the first, a stream's batch after it. */
  duplicate: Probability.default(0),
  /** Each delivery is held back for up to so many milliseconds. */
  delay: z.number().min(0).max(60_000).default(0),
  /** A message, or an event of a bus, is overtaken by later ones. */
  reorder: Probability.default(0),
  /** A function's process is killed in the middle of an invocation. */
  crash: Probability.default(0),
  /** A function is not invoked, nor an item written: too many requests. */
  throttle: Probability.default(0),
});
export type Faults = z.infer<typeof Faults>;

export interface Disturbance {
  /** Default: none happens. */
  readonly faults?: z.input<typeof Faults>;
  /** `aws`: changes, messages and writes take as long as they do there. Default: as long as they do here. */
  readonly latency?: 'aws';
  /** Says which deliveries are hit, and how long they take. Default: another one each time. */
  readonly seed?: number;
}

/** What happens to the deliveries of one source. */
export interface Deliveries {
  isRepeated(): boolean;
  /** How long after the first the second delivery comes. */
  repeatAfterMs(): number;
  /** How long the delivery is held back. */
  delayMs(): number;
  isOvertaken(): boolean;
  /** How long others have to overtake it. */
  overtakenForMs(): number;
  isThrottled(): boolean;
  /** How long after its beginning an invocation is killed. `undefined`: it is not. */
  crashAfterMs(): number | undefined;
  /** How long something takes at the least. */
  latencyMs(kind: LatencyKind): number;
}

const MAX_REPEAT_DELAY_MS = 300;
const MAX_OVERTAKEN_MS = 300;
const MAX_CRASH_DELAY_MS = 300;

/**
 * Says what happens to the deliveries of each source, by its name: each has draws of its own, so that the same seed hits
 * the same deliveries of it, as far as they come in the same order.
 *
 * @throws {z.ZodError} for a probability that is none
 */
export function disturb({
  faults: given = {},
  latency,
  seed = newSeed(),
}: Disturbance): (source: string) => Deliveries {
  const faults = Faults.parse(given);
  return (source) => {
    const draw = (purpose: string) => {
      const random = seededRandom(seed, `${source} ${purpose}`);
      return {
        hits: (probability: number) => probability > 0 && random() < probability,
        upTo: (ms: number) => (ms === 0 ? 0 : Math.floor(random() * ms)),
        random,
      };
    };
    const duplicate = draw('duplicate');
    const delay = draw('delay');
    const reorder = draw('reorder');
    const crash = draw('crash');
    const throttle = draw('throttle');
    const time = draw('latency');
    return {
      isRepeated: () => duplicate.hits(faults.duplicate),
      repeatAfterMs: () => duplicate.upTo(MAX_REPEAT_DELAY_MS),
      delayMs: () => delay.upTo(faults.delay),
      isOvertaken: () => reorder.hits(faults.reorder),
      overtakenForMs: () => reorder.upTo(MAX_OVERTAKEN_MS),
      isThrottled: () => throttle.hits(faults.throttle),
      // Most invocations are short: rather early than late, or few would be hit.
      crashAfterMs: () => (crash.hits(faults.crash) ? MAX_CRASH_DELAY_MS * crash.random() ** 4 : undefined),
      latencyMs: (kind) => (latency === undefined ? 0 : drawMs(AWS_LATENCY[kind], time.random)),
    };
  };
}

export const newSeed = (): number => Date.now() % 2 ** 31;
