import { ITEM_VERSION, MetricsItem } from '../model/items.ts';
import { emptyTally, mergeTally, splitTally, Tally } from '../observability/tally.ts';
import type { ItemTable, Page } from '../ports/item-table.ts';
import { metricsPk, windowKey, windowPrefix } from './keys.ts';
import { parseItem } from './parse-item.ts';

/** One tumbling window. */
export const WINDOW_MS = 60_000;
/** Nodes of one item: each takes 100 bytes to 6 KB, by how much its durations differ. */
const NODES_PER_ITEM = 50;

/** One observer's tally of what ended in one minute of one workflow. */
export interface MetricsWindow {
  readonly workflow: string;
  readonly startMs: number;
  /** Who counted it. Nobody else writes under this name. */
  readonly shard: string;
  readonly tally: Tally;
}

/** The `METRICS` items. */
export class MetricsStore {
  readonly #table: ItemTable;

  constructor(table: ItemTable) {
    this.#table = table;
  }

  /** Writes a window whole, over what stands of it: written again, it changes nothing. */
  async put({ workflow, startMs, shard, tally }: MetricsWindow): Promise<void> {
    await Promise.all(
      splitTally(tally, NODES_PER_ITEM).map((part, index) => {
        const item: MetricsItem = {
          ...windowKey(workflow, startMs, `${shard}#${String(index).padStart(4, '0')}`),
          v: ITEM_VERSION,
          windowStartMs: startMs,
          tally: JSON.stringify(part),
        };
        return this.#table.put(item);
      }),
    );
  }

  /** The sum of all windows that begin in `[fromMs, toMs]`. */
  async sum(workflow: string, fromMs: number, toMs: number): Promise<Tally> {
    const sum = emptyTally();
    // Just before the first key of the range, and the prefix of all keys.
    let after = windowPrefix(fromMs).slice(0, -1);
    for (;;) {
      const page: Page = await this.#table.query(metricsPk(workflow), { prefix: 'WINDOW#', after });
      for (const item of page.items) {
        const { windowStartMs, tally } = parseItem(MetricsItem, item);
        if (windowStartMs > toMs) return sum;
        mergeTally(sum, Tally.parse(JSON.parse(tally)));
      }
      if (page.next === undefined) return sum;
      after = page.next;
    }
  }
}
