import type { RecentResults } from '../../shared/store/recent-results.ts';
import { openStore } from '../../shared/store/store.ts';
import { MemoryBlobs } from '../simulation/memory-blobs.ts';
import { MemoryTable } from '../simulation/memory-table.ts';
import { atOnce } from '../simulation/ports.ts';

/** A store over a table that others may write to, too. `asked`: the operations its ports were asked for since the last look. */
export function anAskedStore(recent?: RecentResults) {
  const table = new MemoryTable();
  const asked: string[] = [];
  const ports = atOnce(table, new MemoryBlobs(), { onCall: (name) => asked.push(name.split(' ')[0] ?? '') });
  const store = openStore(ports.table, ports.blobs, { ...(recent !== undefined && { recent }) });
  return { table, store, asked: () => asked.splice(0) };
}
