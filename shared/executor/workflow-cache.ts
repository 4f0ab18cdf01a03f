import { type Plan, requiredHandlers } from '../core/plan.ts';
import type { ExecutionId } from '../model/ids.ts';
import type { MetaItem } from '../model/items.ts';
import type { Json } from '../model/json.ts';
import { isTerminal, type Payload } from '../model/result.ts';
import { type Clock, sleep } from '../ports/clock.ts';
import { cacheHash } from '../store/cache-store.ts';
import type { Store } from '../store/store.ts';

/** What a start finds in the cache: a success to reuse, an execution that computes it right now, or nothing. */
export type CacheLookup =
  | { readonly kind: 'hit'; readonly cachedFrom: ExecutionId; readonly output: Payload }
  | { readonly kind: 'computing'; readonly executionId: ExecutionId }
  | { readonly kind: 'ours' };

/** Names what an execution computes: the definition, its handlers' versions, the input and the globals. */
export function workflowCacheKey(plan: Plan, handlersVersion: Json, input: Json, globals: Json): string {
  return cacheHash('workflow', plan.hash, handlersVersion, input, globals);
}

/** Types and versions of the handlers a workflow names. */
export const handlerVersions = (plan: Plan, versionOf: (type: string) => string): Json =>
  Object.fromEntries(requiredHandlers(plan).map(({ handler }) => [handler, versionOf(handler)]));

/** Between an execution's claim and its META lies one write; so long a claim without META counts as one about to begin. */
const START_GRACE_MS = 1_000;
const LOOK_MS = 25;

/**
 * Looks for a success, or claims the right to compute it: of identical starts at once, one computes.
 *
 * @param claim the execution that is to compute it, and how long it may at the most
 */
export async function lookUp(
  store: Store,
  clock: Clock,
  key: string,
  claim: { executionId: ExecutionId; timeoutMs: number },
): Promise<CacheLookup> {
  for (;;) {
    const nowMs = clock.nowMs();
    const expiresAtMs = nowMs + claim.timeoutMs;
    if (await store.cache.claim(key, claim.executionId, nowMs, expiresAtMs)) return { kind: 'ours' };
    const standing = await store.cache.find(key, nowMs);
    if (standing === undefined || standing.executionId === claim.executionId) return { kind: 'ours' };
    const { executionId: holder, output } = standing;
    if (output !== undefined) return { kind: 'hit', cachedFrom: holder, output };
    const started = await loadStarted(store, clock, holder);
    // The claim may be of a start that was refused because its id was taken: then that execution computes something else.
    const meta = started?.cache?.key === key ? started : undefined;
    if (meta?.status === 'SUCCEEDED' && meta.output !== undefined && isFresh(meta, nowMs)) {
      return { kind: 'hit', cachedFrom: holder, output: meta.output };
    }
    if (meta !== undefined && !isTerminal(meta.status)) return { kind: 'computing', executionId: holder };
    // Its holder failed, died before it began, or was started once more and ended long ago: whoever comes next takes over.
    if (await store.cache.takeOver(key, holder, claim.executionId, expiresAtMs)) return { kind: 'ours' };
  }
}

const isFresh = ({ endedAtMs = 0, cache }: MetaItem, nowMs: number): boolean =>
  cache !== undefined && nowMs < endedAtMs + cache.ttlSeconds * 1_000;

async function loadStarted(store: Store, clock: Clock, executionId: ExecutionId): Promise<MetaItem | undefined> {
  const untilMs = clock.nowMs() + START_GRACE_MS;
  for (;;) {
    const meta = await store.executions.loadMeta(executionId);
    if (meta !== undefined || clock.nowMs() >= untilMs) return meta;
    await sleep(clock, LOOK_MS);
  }
}
