import { namedPool, type Plan } from '../../shared/core/plan.ts';
import type { ExecutionId } from '../../shared/model/ids.ts';
import { DEFAULT_POOL } from '../../shared/model/pools.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { AnyHandler } from '../../shared/nodes/define-node.ts';
import type { NodeContext } from '../../shared/nodes/node-context.ts';
import { sleep } from '../../shared/ports/clock.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { metaKey, resultKey } from '../../shared/store/keys.ts';
import type { Invariants } from '../support/invariants.ts';
import type { Dice } from './dice.ts';
import type { EventLoop } from './event-loop.ts';
import type { Faults } from './faults.ts';
import type { IdempotencyKeys } from './idempotency-keys.ts';
import type { MemoryTable } from './memory-table.ts';
import type { SimulatedProcess } from './process.ts';

interface WatchParts {
  readonly process: SimulatedProcess;
  /** Whose queue the process is at work for. */
  readonly pool: () => string;
  readonly loop: EventLoop;
  readonly dice: Dice;
  readonly faults: Faults;
  readonly table: MemoryTable;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly invariantsOf: (executionId: string) => Invariants | undefined;
  readonly keys: IdempotencyKeys;
  readonly violated: (what: string) => void;
}

/** Of a node that says nothing else. */
const DEFAULT_TIMEOUT_SECONDS = 60;
/** A message that was admitted before a pause may take so long to its handler: a few calls, none of which hangs. */
const STARTS_WITHIN_MS = 10_000;
/** So much longer than its timeout a handler may go on before it is told. */
const TIMES_OUT_WITHIN_MS = 10_000;
/** The flags are read every two seconds, over a call that takes its time. */
const HEARS_WITHIN_MS = 10_000;
/** Faults of calls that may keep a process from hearing that it is to stop. */
const DEAFENING = new Set(['callFails', 'answerLost', 'callHangs', 'partitionThrottled', 'clockIsOff']);

const never = new Promise<never>(() => undefined);

/** Handlers whose calls are watched, and may go wrong. */
export function watchedHandlers(handlers: readonly AnyHandler[], parts: WatchParts): readonly AnyHandler[] {
  const { process, dice, faults, table, plans, keys, invariantsOf, violated } = parts;
  let calls = 0;
  return handlers.map((handler) => ({
    ...handler,
    async execute(input: unknown, context) {
      const { executionId, nodeId, visit, itemIndex } = context;
      const meta = metaOf(table, executionId);
      const definition = plans.get(meta?.workflow ?? '')?.definition.nodes[nodeId];
      const chunkSize = definition?.type === 'map' ? (definition.chunkSize ?? 1) : 1;
      const chunk = itemIndex === undefined ? '' : ` ${Math.floor(itemIndex / chunkSize)}`;
      const name = `${nodeId} ${visit}${chunk}`;
      const site = `${process.name}/handler ${++calls}`;
      const fault = faults.at(site, ['handlerCrashes', 'handlerIsSlow', 'handlerIsStuck'], name);
      const invariants = invariantsOf(executionId);
      invariants?.onHandlerStart(name);
      const pool = definition === undefined ? undefined : (namedPool(definition) ?? DEFAULT_POOL);
      if (pool !== undefined && pool !== parts.pool())
        violated(`the handler of ${name} ran in the pool ${parts.pool()}, it is of ${pool}`);
      if (isTakenOver(table, context))
        violated(`the handler of ${name} ran, and its result was taken over with a checkpoint`);
      const isFallback =
        definition !== undefined && 'fallback' in definition && definition.fallback?.handler === handler.type;
      const timeoutMs =
        1_000 *
        ((definition !== undefined && 'timeoutSeconds' in definition ? definition.timeoutSeconds : undefined) ??
          DEFAULT_TIMEOUT_SECONDS);
      const end = watchStart(parts, context, { name, isFallback, timeoutMs });
      for (const problem of keys.problems(context)) violated(problem);
      if (fault === 'handlerCrashes') process.kill(`in the handler of ${name}`);
      if (process.isDead) {
        invariants?.onHandlerEnd(name);
        return never;
      }
      if (fault === 'handlerIsStuck') return never;
      try {
        if (fault === 'handlerIsSlow') await sleep(process.clock, dice.int(`${site}/slow`, 1_000, 50_000));
        return await handler.execute(input, context);
      } finally {
        end();
        invariants?.onHandlerEnd(name);
      }
    },
  }));
}

/** Watches that nothing starts in a pause, where a fallback is part of what ran, and that what runs hears of a stop. */
function watchStart(
  { process, loop, faults, table, violated }: WatchParts,
  { executionId, signal }: NodeContext,
  { name, isFallback, timeoutMs }: { readonly name: string; readonly isFallback: boolean; readonly timeoutMs: number },
): () => void {
  const meta = metaOf(table, executionId);
  const isPaused = meta?.status === 'PAUSED' && meta.stop === undefined;
  const hung = faults.fired.findLast(({ kind }) => kind === 'callHangs');
  const isHeldUp = hung !== undefined && loop.elapsedMs - hung.atMs < 6 * STARTS_WITHIN_MS;
  if (isPaused && !isFallback && !isHeldUp && loop.nowMs - (meta.pausedAtMs ?? 0) > STARTS_WITHIN_MS)
    violated(`the handler of ${name} started although ${executionId} is paused`);
  let cancel: (() => void) | undefined;
  const begunMs = loop.elapsedMs;
  const isOverdue = () => loop.elapsedMs - begunMs > timeoutMs + TIMES_OUT_WITHIN_MS;
  const look = (deafMs: number) => {
    cancel = loop.after(HEARS_WITHIN_MS / 2, () => {
      const now = metaOf(table, executionId);
      const isStopping = now === undefined || now.stop !== undefined || isTerminal(now.status);
      const isHeard = !isStopping || signal.aborted || process.isDead || process.isStuck;
      const last = faults.fired.findLast(({ kind }) => DEAFENING.has(kind));
      const isDeaf = last !== undefined && loop.elapsedMs - last.atMs < 6 * HEARS_WITHIN_MS;
      if (isOverdue() && !signal.aborted && !process.isDead && !process.isStuck)
        violated(`the handler of ${name} goes on ${loop.elapsedMs - begunMs} ms after its start, ${timeoutMs} may be`);
      else if (!isHeard && deafMs >= HEARS_WITHIN_MS && !isDeaf)
        violated(`${executionId} stops, and the handler of ${name} has not heard of it for ${deafMs} ms`);
      else if (!signal.aborted && !process.isDead) look(isHeard ? 0 : deafMs + HEARS_WITHIN_MS / 2);
    });
  };
  look(0);
  return () => cancel?.();
}

/** What a checkpoint brought stands: it does not run again in the first run of what goes on from it. */
const isTakenOver = (table: MemoryTable, { executionId, nodeId, visit }: NodeContext): boolean =>
  table.get(
    resultKey({
      ...{ executionId, node: nodeId, visit, run: 1 },
      resultShards: metaOf(table, executionId)?.resultShards,
    }),
  )?.copiedFrom !== undefined && metaOf(table, executionId)?.run === 1;

function metaOf(table: MemoryTable, executionId: ExecutionId) {
  const item = table.get(metaKey(executionId));
  return item === undefined ? undefined : parseMeta(item);
}
