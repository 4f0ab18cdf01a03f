import { batchSizeOf } from '../model/pools.ts';
import { FLAGS_KNOWN_MS } from '../runner/flag-reader.ts';

/**
 * Batches of a queue that Lambda takes at once: it begins with five, and adds more while messages wait.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
const POLLERS = 5;

/** What an invocation takes beside its handlers: three requests of 5 ms, one after another. */
const AROUND_HANDLERS_MS = 15;

/** Messages that a runner took, which were sent by one decision. */
export interface Delivery {
  readonly pool: string;
  readonly sentWith: string;
  /** How many like this one there are; of a sample, a fraction too. */
  readonly times: number;
  readonly startedAtMs: number;
  /** When its message was done with, and what ran on with it. */
  readonly endedAtMs: number;
}

interface Instance {
  readonly id: number;
  freeAtMs: number;
  /** When it last read the execution's flags. */
  lookedAtMs: number;
}

/**
 * The runner's instances, as they follow from when messages began and ended: a batch goes to the one that was free last, and
 * to a new one if none is. What an instance has read, it does not read again; flags it remembers for half a second.
 */
export class BilledInstances {
  /** At an execution's flags, before something starts. */
  readonly looks: number;
  readonly #ids = new Map<string, Set<number>>();

  constructor(deliveries: readonly Delivery[]) {
    let looks = 0;
    let started = 0;
    for (const [pool, group] of Map.groupBy(deliveries, (delivery) => delivery.pool)) {
      const instances: Instance[] = [];
      const batches = [...Map.groupBy(group, ({ sentWith }) => sentWith).values()].flatMap((sent) =>
        batchesOf(sent, batchSizeOf(pool)),
      );
      for (const { sentWith, startedAtMs, endedAtMs } of batches.sort(byStart)) {
        let instance = freeAt(instances, startedAtMs);
        if (instance === undefined) {
          instance = { id: started++, freeAtMs: startedAtMs, lookedAtMs: Number.NEGATIVE_INFINITY };
          instances.push(instance);
        }
        // Where more began at once than there are pollers, it had to wait for one.
        const beganMs = Math.max(startedAtMs, instance.freeAtMs);
        if (beganMs - instance.lookedAtMs >= FLAGS_KNOWN_MS) {
          looks++;
          instance.lookedAtMs = beganMs;
        }
        instance.freeAtMs = beganMs + (endedAtMs - startedAtMs) + AROUND_HANDLERS_MS;
        const key = keyOf(pool, sentWith);
        this.#ids.set(key, (this.#ids.get(key) ?? new Set()).add(instance.id));
      }
    }
    this.looks = looks;
  }

  /** Those that ran what was sent together. */
  of(pool: string, sentWith: string): ReadonlySet<number> {
    return this.#ids.get(keyOf(pool, sentWith)) ?? new Set();
  }
}

const keyOf = (pool: string, sentWith: string): string => `${pool} ${sentWith}`;

const byStart = (a: Delivery, b: Delivery): number => a.startedAtMs - b.startedAtMs;

/** In the order of their start, as full as they can be. */
function batchesOf(sent: readonly Delivery[], batchSize: number): Delivery[] {
  const batches: Delivery[] = [];
  let free = 0;
  for (const delivery of sent.toSorted(byStart))
    for (let { times } = delivery; times > 0; ) {
      const last = batches.at(-1);
      if (last === undefined || free === 0) {
        batches.push({ ...delivery });
        free = batchSize;
      } else {
        batches[batches.length - 1] = { ...last, endedAtMs: Math.max(last.endedAtMs, delivery.endedAtMs) };
      }
      const taken = Math.min(times, free);
      times -= taken;
      free -= taken;
    }
  return batches;
}

/** `undefined`: it takes a new one. */
function freeAt(instances: readonly Instance[], atMs: number): Instance | undefined {
  const free = instances.filter(({ freeAtMs }) => freeAtMs <= atMs);
  const latest = (a: Instance, b: Instance): Instance => (b.freeAtMs > a.freeAtMs ? b : a);
  const soonest = (a: Instance, b: Instance): Instance => (b.freeAtMs < a.freeAtMs ? b : a);
  if (free.length > 0) return free.reduce(latest);
  return instances.length < POLLERS ? undefined : instances.reduce(soonest);
}
