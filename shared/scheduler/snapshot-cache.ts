import type { ExecutionId } from '../model/ids.ts';
import type { MetaItem } from '../model/items.ts';
import type { ChangeRecord } from '../ports/change-feed.ts';
import { parseMeta, type Snapshot } from '../store/execution-store.ts';

const SNAPSHOTS_KEPT = 500;

/**
 * Snapshots of executions this scheduler decided on lately. Only an optimisation: the save under a revision notices
 * when a state is stale, and change records keep META's flags fresh.
 */
export class SnapshotCache {
  readonly #snapshots = new Map<ExecutionId, Snapshot>();

  /** The snapshot as of `records`, if there is one. A META among the records replaces the one that is kept. */
  find(executionId: ExecutionId, records: readonly ChangeRecord[]): Snapshot | undefined {
    const known = this.#snapshots.get(executionId);
    if (known === undefined) return undefined;
    const meta = records.findLast(({ key }) => key.sk === 'META')?.after;
    return meta === undefined ? known : { ...known, meta: parseMeta(meta) };
  }

  keep(snapshot: Snapshot): void {
    const { executionId } = snapshot.meta;
    this.#snapshots.delete(executionId);
    this.#snapshots.set(executionId, snapshot);
    if (this.#snapshots.size > SNAPSHOTS_KEPT) {
      const [oldest] = this.#snapshots.keys();
      if (oldest !== undefined) this.#snapshots.delete(oldest);
    }
  }

  refresh(meta: MetaItem): void {
    const known = this.#snapshots.get(meta.executionId);
    if (known !== undefined) this.#snapshots.set(meta.executionId, { ...known, meta });
  }

  forget(executionId: ExecutionId): void {
    this.#snapshots.delete(executionId);
  }
}
