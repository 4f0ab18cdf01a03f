import { PRICES } from '../../shared/billing/prices.ts';
import { ASSUMED_MS_PER_INVOCATION } from './ledger.ts';

/** What a workload is to those who charge otherwise. */
export interface PeerWork {
  /** Of handlers: each an invocation of a Lambda function, where they do not run within the workflow's own. */
  readonly calls: number;
  /** States entered: the tasks, and the Parallel or Map state around them. */
  readonly transitions: number;
  /** Tasks one after another on the longest path. */
  readonly depth: number;
  /** Durable operations if branches are steps side by side (`Promise.all`): the start and the steps. */
  readonly operations: number;
  /** As many with `context.parallel` or `context.map`: that itself, and a context around each branch. */
  readonly withContexts: number;
  /** Of JSON that each step gives. @default `PEER_ASSUMPTIONS.bytesPerOperation`: some */
  readonly bytes?: number;
}

/** In USD for a million executions. */
export interface PeerCosts {
  readonly standard: number;
  readonly express: number;
  /** With steps side by side, and with a context around each branch. */
  readonly durable: readonly [number, number];
}

/** An Express execution is billed for 64 MB at the least, and for 100 ms. */
const EXPRESS_GB = 64 / 1_024;
const EXPRESS_ROUNDS_MS = 100;
/** A step waits for its checkpoint as long as one of ours for its write, in a function of 1 GB. */
const CHECKPOINT_SECONDS = ASSUMED_MS_PER_INVOCATION / 3_000;

/** What no price list tells. */
export const PEER_ASSUMPTIONS = {
  /** A task of an Express workflow is taken to last so long beside its handler: the invocation of a function. */
  expressTaskMs: 30,
  /** What a durable step writes is taken to be this much: its output is some bytes. */
  bytesPerOperation: 200,
} as const;

/** List prices of the same work elsewhere; the handlers' own time is left out, as it is in ours. */
export function computePeerCosts(work: PeerWork): PeerCosts {
  const { usd } = PRICES;
  const { usd: peers } = PRICES.peers;
  const calls = work.calls * usd.invocations;
  const expressMs = Math.ceil((work.depth * PEER_ASSUMPTIONS.expressTaskMs) / EXPRESS_ROUNDS_MS) * EXPRESS_ROUNDS_MS;
  const durable = (operations: number): number =>
    operations *
      (peers.durableOperations +
        ((work.bytes ?? PEER_ASSUMPTIONS.bytesPerOperation) / 2 ** 30) * peers.durableGbWritten) +
    usd.invocations +
    work.depth * CHECKPOINT_SECONDS * usd.computeGbSeconds;
  return {
    standard: 1e6 * (work.transitions * peers.standardTransitions + calls),
    express: 1e6 * (peers.expressRequests + (expressMs / 1_000) * EXPRESS_GB * peers.expressGbSeconds + calls),
    durable: [1e6 * durable(work.operations), 1e6 * durable(work.withContexts)],
  };
}
