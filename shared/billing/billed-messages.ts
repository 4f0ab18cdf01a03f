import { batchSizeOf } from '../model/pools.ts';
import { STOP_POLL_MS } from '../runner/stop-signals.ts';
import type { BilledInstances, Delivery } from './billed-instances.ts';
import type { OperationCounts } from './prices.ts';

/** Messages of one request to SQS. */
const REQUEST_MESSAGES = 10;

/** A visit that a runner made, that stands for `times` like it. What was sent by one decision went out in few requests. */
export interface BilledMessage extends Delivery {
  /** How long the runner was at it, without what ran on with it. */
  readonly runningMs: number;
  /** No message brought it: it ran on with the one before it. */
  readonly isInline: boolean;
  /** Of such a one: whether what its runner knew of the execution's flags was too old for it. */
  readonly looks?: boolean;
}

/**
 * What it takes to bring messages to the runner and to run them: each sent, received and deleted, in batches as full as
 * they can be. Under load pollers may find fewer messages at once, and then need more requests.
 *
 * @param memoryMbOf memory of the function that runs a pool's messages
 * @param lookUnits read units of one look at an execution's flags: an instance looks before something starts, if what it
 *   knows is too old, and every 2 s
 */
export function billMessages(
  messages: readonly BilledMessage[],
  {
    memoryMbOf,
    lookUnits,
    instances,
  }: {
    readonly memoryMbOf: (pool: string) => number;
    readonly lookUnits: number;
    readonly instances: BilledInstances;
  },
): Partial<OperationCounts> {
  let queueRequests = 0;
  let invocations = 0;
  let computeGbSeconds = 0;
  const run = (pool: string, runningMs: number): void => {
    computeGbSeconds += (memoryMbOf(pool) / 1_024) * (runningMs / 1_000);
  };
  let { looks } = instances;
  const { inline = [], sent = [] } = Object.groupBy(messages, ({ isInline }) => (isInline ? 'inline' : 'sent'));
  for (const { pool, times, runningMs: inlineMs, looks: isLook = false } of inline) {
    run(pool, times * inlineMs);
    looks += times * (Math.floor(inlineMs / STOP_POLL_MS) + Number(isLook));
  }
  for (const group of Map.groupBy(sent, ({ pool, sentWith }) => `${pool} ${sentWith}`).values()) {
    const pool = group[0]?.pool ?? '';
    const count = group.reduce((sum, { times }) => sum + times, 0);
    const batches = Math.ceil(count / batchSizeOf(pool));
    const meanMs = group.reduce((sum, message) => sum + message.times * message.runningMs, 0) / count;
    const longestMs = group.reduce((longest, message) => Math.max(longest, message.runningMs), 0);
    // Those of a batch run side by side, and which of them are in one is not known any more.
    const groupMs = Math.max(longestMs, meanMs * batches);
    queueRequests += Math.ceil(count / REQUEST_MESSAGES) + 2 * batches;
    invocations += batches;
    run(pool, groupMs);
    looks += batches * Math.floor(groupMs / batches / STOP_POLL_MS);
  }
  return {
    queueRequests,
    invocations,
    readUnits: looks * lookUnits,
    computeGbSeconds,
  };
}
