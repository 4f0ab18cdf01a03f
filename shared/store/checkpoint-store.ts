import { finishedNodes } from '../core/checkpoint.ts';
import type { ExecutionId } from '../model/ids.ts';
import { CheckpointItem, CheckpointOutline, ITEM_VERSION, type StateItem } from '../model/items.ts';
import type { ExecutionState } from '../model/state.ts';
import type { ItemTable, Page } from '../ports/item-table.ts';
import { FIRST_WRITER_WINS } from './conditions.ts';
import { checkpointKey, executionPk } from './keys.ts';
import { parseItem } from './parse-item.ts';

const LISTED = 1_000;

/** The `CHECKPOINT` items of executions. */
export class CheckpointStore {
  readonly #table: ItemTable;

  constructor(table: ItemTable) {
    this.#table = table;
  }

  /** Keeps the state saved as `revision`. Repeated, it changes nothing. */
  async put(executionId: ExecutionId, revision: number, state: ExecutionState, nowMs: number): Promise<void> {
    await this.#table.put(checkpointItem(executionId, revision, state, nowMs), FIRST_WRITER_WINS);
  }

  async load(executionId: ExecutionId, revision: number): Promise<CheckpointItem | undefined> {
    const item = await this.#table.get(checkpointKey(executionId, revision));
    return item === undefined ? undefined : parseItem(CheckpointItem, item);
  }

  /** Oldest first, at most 1,000. Read page by page: the states, which are not asked for, count towards a page's megabyte. */
  async list(executionId: ExecutionId): Promise<CheckpointOutline[]> {
    const found: CheckpointOutline[] = [];
    let after: string | undefined;
    do {
      const page: Page = await this.#table.query(executionPk(executionId), {
        prefix: 'CHECKPOINT#',
        limit: LISTED - found.length,
        attributes: Object.keys(CheckpointOutline.shape),
        ...(after !== undefined && { after }),
      });
      for (const item of page.items) found.push(parseItem(CheckpointOutline, item));
      after = page.next;
    } while (after !== undefined && found.length < LISTED);
    return found;
  }
}

/** The checkpoint that a saved state is, if it is one: it stands from then on, also before its own item is written. */
export const checkpointIn = (executionId: ExecutionId, item: StateItem | undefined): CheckpointItem | undefined =>
  item !== undefined && item.state.checkpointRevision === item.revision
    ? checkpointItem(executionId, item.revision, item.state, item.savedAtMs)
    : undefined;

const checkpointItem = (
  executionId: ExecutionId,
  revision: number,
  state: ExecutionState,
  createdAtMs: number,
): CheckpointItem => ({
  ...checkpointKey(executionId, revision),
  v: ITEM_VERSION,
  executionId,
  run: state.run,
  revision,
  reason: state.paused ? 'pause' : 'interval',
  state,
  finishedNodes: finishedNodes(state),
  createdAtMs,
});
