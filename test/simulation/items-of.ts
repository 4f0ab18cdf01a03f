import type { ExecutionId } from '../../shared/model/ids.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { executionPk, metaKey, resultPks } from '../../shared/store/keys.ts';
import type { MemoryTable } from './memory-table.ts';

/** All items of an execution, wherever they lie. */
export function itemsOf(table: MemoryTable, executionId: ExecutionId): readonly Item[] {
  const item = table.get(metaKey(executionId));
  const resultShards = item === undefined ? undefined : parseMeta(item).resultShards;
  const pks = new Set([executionPk(executionId), ...resultPks({ executionId, resultShards })]);
  return [...pks].flatMap((pk) => table.partition(pk));
}
