/** What may go wrong between a source and its function without anybody's fault. */
export interface Disturbance {
  /** Probability that a delivery comes a second time, and the seed that says which. Default: none does. */
  readonly duplicateDeliveries?: { readonly probability: number; readonly seed: number };
  /** Each delivery is held back for up to so many milliseconds. Default 0. */
  readonly delayDeliveriesMs?: number;
}

export interface Deliveries {
  /** Whether the delivery comes a second time. */
  isRepeated(): boolean;
  /** How long the delivery is held back. */
  delayMs(): number;
  /** How long after the first the second delivery comes. */
  repeatAfterMs(): number;
}

const MAX_REPEAT_DELAY_MS = 300;

/** One sequence of draws for the whole stack: the same seed disturbs alike, as far as threads come in the same order. */
export function disturb({
  duplicateDeliveries = { probability: 0, seed: 1 },
  delayDeliveriesMs = 0,
}: Disturbance): Deliveries {
  const random = mulberry32(duplicateDeliveries.seed);
  return {
    isRepeated: () => duplicateDeliveries.probability > 0 && random() < duplicateDeliveries.probability,
    delayMs: () => (delayDeliveriesMs === 0 ? 0 : Math.floor(random() * delayDeliveriesMs)),
    repeatAfterMs: () => Math.floor(random() * MAX_REPEAT_DELAY_MS),
  };
}

/** A small generator of evenly spread numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
