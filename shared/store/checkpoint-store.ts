import { finishedNodes } from '../core/checkpoint.ts';
import type { ExecutionId } from '../model/ids.ts';
import { CheckpointItem, ITEM_VERSION } from '../model/items.ts';
import type { ExecutionState } from '../model/state.ts';
import type { ItemTable } from '../ports/item-table.ts';
import { FIRST_WRITER_WINS } from './conditions.ts';
import { checkpointKey, executionPk } from './keys.ts';
import { parseItem } from './parse-item.ts';

/** The `CHECKPOINT` items of executions. */
export class CheckpointStore {
  readonly #table: ItemTable;

  constructor(table: ItemTable) {
    this.#table = table;
  }

  /** Keeps the state saved as `revision`. Repeated, it changes nothing. */
  async put(executionId: ExecutionId, revision: number, state: ExecutionState, nowMs: number): Promise<void> {
    const item: CheckpointItem = {
      ...checkpointKey(executionId, revision),
      v: ITEM_VERSION,
      executionId,
      run: state.run,
      revision,
      reason: state.paused ? 'pause' : 'interval',
      state,
      finishedNodes: finishedNodes(state),
      createdAtMs: nowMs,
    };
    await this.#table.put(item, FIRST_WRITER_WINS);
  }

  async load(executionId: ExecutionId, revision: number): Promise<CheckpointItem | undefined> {
    const item = await this.#table.get(checkpointKey(executionId, revision));
    return item === undefined ? undefined : parseItem(CheckpointItem, item);
  }

  /** Oldest first, at most 1,000. */
  async list(executionId: ExecutionId): Promise<CheckpointItem[]> {
    const { items } = await this.#table.query(executionPk(executionId), { prefix: 'CHECKPOINT#' });
    return items.map((item) => parseItem(CheckpointItem, item));
  }
}
