import type { ExecutionState, StopReason } from '../model/state.ts';

/**
 * A unit of work to hand to a queue, by node index: run a `node`; `plan` a map; run a `chunk` of it; `collect` its
 * outputs; `settle` an execution that stops, once its running nodes had their time.
 */
export type WorkRef =
  | { readonly kind: 'node'; readonly node: number; readonly visit: number }
  | { readonly kind: 'plan' | 'collect'; readonly node: number; readonly visit: number }
  | { readonly kind: 'chunk'; readonly node: number; readonly visit: number; readonly chunk: number }
  | { readonly kind: 'settle' };

/** What `decide` is told. Each may come again, and in any order: what is known already changes nothing. */
export type CoreEvent =
  | {
      readonly type: 'settled';
      readonly node: number;
      readonly visit: number;
      readonly status: 'SUCCEEDED' | 'FAILED' | 'SKIPPED';
      /** `conditional`: the node to go on with, `null` at the end. */
      readonly next?: number | null;
      /** Successors that are dispatched already, by whoever ran this one. */
      readonly handedOff?: readonly number[];
    }
  /** The execution was started with these nodes dispatched. */
  | { readonly type: 'begun'; readonly nodes: readonly number[] }
  /** Work that was dispatched and refused: it did not run, and nobody will run it. */
  | { readonly type: 'returned'; readonly work: readonly WorkRef[] }
  | {
      readonly type: 'mapPlanned';
      readonly node: number;
      readonly visit: number;
      readonly items: number;
      readonly chunks: number;
    }
  | {
      readonly type: 'chunkSettled';
      readonly node: number;
      readonly visit: number;
      readonly chunk: number;
      readonly failedItems: number;
    }
  | { readonly type: 'paused' }
  /** In a pause more work was parked. It tells nothing itself; what led to it may not have been told. */
  | { readonly type: 'parked' }
  /** Pause when this node would start. */
  | { readonly type: 'pausePoint'; readonly node: number }
  | { readonly type: 'resumed'; readonly parked: readonly WorkRef[] }
  | { readonly type: 'stopped'; readonly reason: StopReason }
  /** An ended execution goes on from what failed, as run number `run`. */
  | { readonly type: 'redriven'; readonly run: number }
  /** The time that running nodes had to settle is over. */
  | { readonly type: 'settleElapsed' };

export interface Decision {
  /** Carries `ending` once the execution has ended, `stop` once it is about to. */
  readonly state: ExecutionState;
  /** Work to send for the first time. */
  readonly dispatch: readonly WorkRef[];
  /** Work that was sent before and came back unrun: parked messages of a pause that is over. */
  readonly resend: readonly WorkRef[];
}
