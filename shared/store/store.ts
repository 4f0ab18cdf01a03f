import { randomUUID } from 'node:crypto';
import type { BlobStore } from '../ports/blob-store.ts';
import type { ItemTable } from '../ports/item-table.ts';
import { CacheStore } from './cache-store.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { DefinitionStore } from './definition-store.ts';
import { EventStore } from './event-store.ts';
import { ExecutionStore } from './execution-store.ts';
import { MetricsStore } from './metrics-store.ts';
import { Payloads } from './payloads.ts';
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

/** @param id of this store: nobody else's, so that its writes can be told from others'. Default: a random one. */
export function openStore(table: ItemTable, blobs: BlobStore, id: string = randomUUID()): Store {
  const payloads = new Payloads(blobs);
  return {
    executions: new ExecutionStore(table, id),
    results: new ResultStore(table),
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
