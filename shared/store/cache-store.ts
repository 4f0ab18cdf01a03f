import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/json.ts';
import { CorruptItemError, NewerSchemaError } from '../errors.ts';
import type { ExecutionId } from '../model/ids.ts';
import { CacheItem } from '../model/items.ts';
import type { Json } from '../model/json.ts';
import type { Payload } from '../model/result.ts';
import type { ItemTable } from '../ports/item-table.ts';
import { isFreeAt, isHeldBy } from './conditions.ts';
import { cacheKey } from './keys.ts';
import { parseItem } from './parse-item.ts';
import { versionOf } from './payloads.ts';

/** Names what is computed, by all that determines it. */
export const cacheHash = (...parts: readonly Json[]): string =>
  createHash('sha256').update(canonicalJson(parts)).digest('hex');

/** The `CACHE` items. */
export class CacheStore {
  readonly #table: ItemTable;

  constructor(table: ItemTable) {
    this.#table = table;
  }

  /** What is standing and not over. An entry that another version of fanjoin wrote counts as none. */
  async find(hash: string, nowMs: number): Promise<CacheItem | undefined> {
    const item = await this.#table.get(cacheKey(hash));
    if (item === undefined) return undefined;
    try {
      const entry = parseItem(CacheItem, item);
      return entry.expiresAtMs > nowMs ? entry : undefined;
    } catch (error) {
      if (error instanceof CorruptItemError || error instanceof NewerSchemaError) return undefined;
      throw error;
    }
  }

  /** Says that an execution is about to compute it, until `expiresAtMs` at most. `false`: another one does, or has. */
  async claim(hash: string, executionId: ExecutionId, nowMs: number, expiresAtMs: number): Promise<boolean> {
    const outcome = await this.#table.put(newEntry(hash, executionId, undefined, expiresAtMs), isFreeAt(nowMs));
    return outcome.written;
  }

  /** Claims it in place of an execution that will not compute it any more. `false`: another one was first. */
  async takeOver(hash: string, from: ExecutionId, executionId: ExecutionId, expiresAtMs: number): Promise<boolean> {
    const outcome = await this.#table.put(newEntry(hash, executionId, undefined, expiresAtMs), isHeldBy(from));
    return outcome.written;
  }

  /** Keeps a success. */
  async keep(hash: string, executionId: ExecutionId, output: Payload, expiresAtMs: number): Promise<void> {
    await this.#table.put(newEntry(hash, executionId, output, expiresAtMs));
  }
}

function newEntry(hash: string, executionId: ExecutionId, output: Payload | undefined, expiresAtMs: number): CacheItem {
  return {
    ...cacheKey(hash),
    v: versionOf(output),
    executionId,
    output,
    expiresAtMs,
    expiresAtS: Math.ceil(expiresAtMs / 1000),
  };
}
