import { ExecutionId } from '../../shared/model/ids.ts';
import { CacheItem } from '../../shared/model/items.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { metaKey } from '../../shared/store/keys.ts';
import type { EventLoop } from './event-loop.ts';
import type { MemoryTable } from './memory-table.ts';

/** Clocks of two processes may differ by so much, and a call may hang. */
const SLACK_MS = 30_000;
/** Who is slower than this from its claim to its execution may be taken for dead. */
const GRACE_MS = 900;

interface CacheWatchParts {
  readonly table: MemoryTable;
  readonly loop: EventLoop;
  readonly violated: (what: string) => void;
}

/** Watches that of identical starts at once one computes, and that what is reused is not over. */
export class CacheWatch {
  readonly #parts: CacheWatchParts;
  /** By entry and holder. */
  readonly #claimedMs = new Map<string, number>();
  readonly #createdMs = new Map<string, number>();

  constructor(parts: CacheWatchParts) {
    this.#parts = parts;
  }

  onChange({ key, before, after }: ChangeRecord): void {
    if (after === undefined) return;
    if (key.pk.startsWith('CACHE#'))
      this.#onEntry(before === undefined ? undefined : CacheItem.parse(before), CacheItem.parse(after));
    if (key.sk !== 'META' || before !== undefined) return;
    const meta = parseMeta(after);
    this.#createdMs.set(meta.executionId, this.#parts.loop.elapsedMs);
    if (meta.cachedFrom === undefined || meta.cache === undefined) return;
    const endedAtMs = this.#metaOf(meta.cachedFrom)?.endedAtMs;
    // It is kept before its end is written.
    if (endedAtMs === undefined) return;
    const overAtMs = endedAtMs + meta.cache.ttlSeconds * 1_000;
    if (meta.startedAtMs - overAtMs > SLACK_MS)
      this.#parts.violated(
        `${meta.executionId} has its output from ${meta.cachedFrom}, ${meta.startedAtMs - overAtMs} ms after its time`,
      );
  }

  #onEntry(before: CacheItem | undefined, after: CacheItem): void {
    const { loop, violated } = this.#parts;
    const { pk, executionId, output } = after;
    if (output !== undefined) return;
    this.#claimedMs.set(`${pk} ${executionId}`, loop.elapsedMs);
    if (before === undefined || before.executionId === executionId) return;
    if (before.expiresAtMs < loop.nowMs + SLACK_MS) return;
    if (before.output !== undefined) {
      violated(`${executionId} is to compute what ${before.executionId} has computed`);
      return;
    }
    const holder = this.#metaOf(before.executionId);
    const claimedMs = this.#claimedMs.get(`${pk} ${before.executionId}`) ?? Number.NEGATIVE_INFINITY;
    const tookMs = (this.#createdMs.get(before.executionId) ?? Number.POSITIVE_INFINITY) - claimedMs;
    // An execution of that name may have been there before, and compute something else; one that failed may be redriven.
    if (holder?.run === 1 && !isTerminal(holder.status) && tookMs >= 0 && tookMs < GRACE_MS)
      violated(`${executionId} is to compute what ${before.executionId} computes`);
  }

  #metaOf(executionId: string) {
    const item = this.#parts.table.get(metaKey(ExecutionId.parse(executionId)));
    return item === undefined ? undefined : parseMeta(item);
  }
}
