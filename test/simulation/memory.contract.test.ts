import { describe } from 'vitest';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { blobsContract } from '../contract/blobs-contract.ts';
import { tableContract } from '../contract/table-contract.ts';
import { tableProperties } from '../contract/table-properties.ts';
import { MemoryBlobs } from './memory-blobs.ts';
import { MemoryTable } from './memory-table.ts';
import { atOnce } from './ports.ts';

describe('the table of the simulation', () => {
  const changes = new Map<string, ChangeRecord[]>();
  const table = new MemoryTable((record) => {
    changes.set(record.key.pk, [...(changes.get(record.key.pk) ?? []), record]);
  });
  const harness = {
    table: atOnce(table, new MemoryBlobs()).table,
    changesOf: async (pk: string) => changes.get(pk) ?? [],
  };
  tableContract(() => harness);
  tableProperties(() => harness, 300);
});

describe('the blobs of the simulation', () => {
  const { blobs } = atOnce(new MemoryTable(), new MemoryBlobs());
  blobsContract(() => blobs);
});
