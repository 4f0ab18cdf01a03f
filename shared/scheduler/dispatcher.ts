import type { WorkRef } from '../core/events.ts';
import { findNode, namedPool, nodeAt, type Plan } from '../core/plan.ts';
import type { MetaItem } from '../model/items.ts';
import type { NodeTask, TaskMessage, VisitTask } from '../model/message.ts';
import { DEFAULT_POOL } from '../model/pools.ts';
import { MAX_QUEUE_DELAY_MS, type OutgoingMessage, type TaskSender } from '../ports/task-queue.ts';

/** How long running nodes may take to settle once an execution stops. */
export const SETTLE_MS = 10_000;

export interface DispatchOptions {
  /** Of a route: how often each node was entered, so that who runs the node can go on by itself. */
  readonly visits?: Readonly<Record<string, number>> | undefined;
  /** The sender is not the scheduler, and has not asked it. */
  readonly isHandedOff?: boolean;
}

/** Turns work into messages on the queues of its pools. */
export class Dispatcher {
  readonly #sender: TaskSender;

  constructor(sender: TaskSender) {
    this.#sender = sender;
  }

  /** Sends first attempts. Resolves when every message is accepted. */
  async dispatch(
    plan: Plan,
    meta: MetaItem,
    work: readonly WorkRef[],
    nowMs: number,
    { visits, isHandedOff }: DispatchOptions = {},
  ): Promise<void> {
    const byPool = new Map<string, OutgoingMessage[]>();
    for (const ref of work) {
      const pool = ref.kind === 'settle' ? DEFAULT_POOL : poolOf(plan, nodeAt(plan, ref.node).id);
      const message = {
        body: JSON.stringify({
          ...toMessage(plan, meta, ref, nowMs),
          ...(visits !== undefined && { visits }),
          ...(isHandedOff && { isHandedOff }),
        }),
        ...(ref.kind === 'settle' && { delayMs: SETTLE_MS }),
      };
      const messages = byPool.get(pool);
      if (messages === undefined) byPool.set(pool, [message]);
      else messages.push(message);
    }
    await Promise.all([...byPool].map(([pool, messages]) => this.#sender.send(pool, messages)));
  }

  /** Sends a message to be run at `atMs`. Beyond the longest delay a queue takes it goes round once more. */
  async sendLater(pool: string, message: VisitTask, nowMs: number, atMs: number): Promise<void> {
    const delayMs = Math.min(Math.max(0, atMs - nowMs), MAX_QUEUE_DELAY_MS);
    const { notBeforeMs: _past, ...rest } = message;
    const body = JSON.stringify({ ...rest, ...(atMs > nowMs && { notBeforeMs: atMs }) });
    await this.#sender.send(pool, [{ body, delayMs }]);
  }
}

/** The pool whose queue carries a node's work. */
export function poolOf(plan: Plan, node: string): string {
  const definition = findNode(plan, node)?.definition;
  return (definition === undefined ? undefined : namedPool(definition)) ?? DEFAULT_POOL;
}

/** The message that has work done for the first time. */
export function toMessage(plan: Plan, meta: MetaItem, ref: WorkRef, queuedAtMs: number): TaskMessage {
  switch (ref.kind) {
    case 'settle':
      return { ...envelope(meta, queuedAtMs), kind: 'settle' };
    case 'node':
      return toNodeTask(plan, meta, ref, queuedAtMs);
    case 'chunk':
      return { ...firstVisit(plan, meta, ref, queuedAtMs), kind: 'chunk', chunk: ref.chunk };
    default:
      return { ...firstVisit(plan, meta, ref, queuedAtMs), kind: ref.kind };
  }
}

/** The same of a single node. */
export const toNodeTask = (
  plan: Plan,
  meta: MetaItem,
  ref: WorkRef & { readonly kind: 'node' },
  queuedAtMs: number,
): NodeTask => ({ ...firstVisit(plan, meta, ref, queuedAtMs), kind: 'node' });

const envelope = ({ v, executionId, run }: MetaItem, queuedAtMs: number) => ({ v, executionId, run, queuedAtMs });

function firstVisit(plan: Plan, meta: MetaItem, ref: Exclude<WorkRef, { kind: 'settle' }>, queuedAtMs: number) {
  const node = nodeAt(plan, ref.node).id;
  const { pin } = meta;
  const pinned = pin && {
    pin: { version: pin.version, runner: pin.runners?.[poolOf(plan, node)] ?? pin.runners?.[DEFAULT_POOL] },
  };
  return { ...envelope(meta, queuedAtMs), ...pinned, node, visit: ref.visit, attempt: 1 };
}
