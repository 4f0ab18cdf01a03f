import { randomUUID } from 'node:crypto';
import type { BlobStore } from '../ports/blob-store.ts';
import type { ItemTable } from '../ports/item-table.ts';
import { CacheStore } from './cache-store.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { DefinitionStore } from './definition-store.ts';
import { EventStore } from './event-store.ts';
import { ExecutionStore } from './execution-store.ts';
import { MetricsStore } from './metrics-store.ts';
import { type PayloadOptions, Payloads } from './payloads.ts';
import type { RecentResults } from './recent-results.ts';
import { ResultStore } from './result-store.ts';
import { WorkflowStore } from './workflow-store.ts';

/** All that is kept, over one table and one blob store. */
export interface Store {
  readonly executions: ExecutionStore;
  readonly results: ResultStore;
  readonly checkpoints: CheckpointStore;
  readonly cache: CacheStore;
  readonly events: EventStore;
  readonly metrics: MetricsStore;
  readonly definitions: DefinitionStore;
  readonly workflows: WorkflowStore;
  readonly payloads: Payloads;
  readonly blobs: BlobStore;
}

export interface StoreOptions extends PayloadOptions {
  /** Of this store: nobody else's, so that its writes can be told from others'. Default: a random one. */
  readonly id?: string;
  /** Results that need not be read again. Default: none is kept. */
  readonly recent?: RecentResults;
}

export function openStore(
  table: ItemTable,
  blobs: BlobStore,
  { id = randomUUID(), recent, packs }: StoreOptions = {},
): Store {
  const payloads = new Payloads(blobs, { packs });
  return {
    executions: new ExecutionStore(table, id),
    results: new ResultStore(table, recent),
    checkpoints: new CheckpointStore(table),
    cache: new CacheStore(table),
    events: new EventStore(table),
    metrics: new MetricsStore(table),
    definitions: new DefinitionStore(table, payloads),
    workflows: new WorkflowStore(table),
    payloads,
    blobs,
  };
}
