import { comparePlaces, placeOfRow, type RowPlace } from './row-place.ts';
import type { TimelineRow } from './timeline-row.ts';

/**
 * Of rows that come in any order, the first so many behind a place. Keeps at most twice as many as are wanted, however
 * many come.
 */
export class RowPage {
  readonly #after: RowPlace | undefined;
  readonly #limit: number;
  #kept: { readonly place: RowPlace; readonly row: TimelineRow }[] = [];
  #before = 0;
  #total = 0;

  constructor({ after, limit }: { readonly after?: RowPlace | undefined; readonly limit: number }) {
    this.#after = after;
    this.#limit = limit;
  }

  add(row: TimelineRow): void {
    const place = placeOfRow(row);
    this.#total++;
    if (this.#after !== undefined && comparePlaces(place, this.#after) <= 0) {
      this.#before++;
      return;
    }
    this.#kept.push({ place, row });
    if (this.#kept.length >= 2 * this.#limit) this.#cut();
  }

  /** The rows, in order; how many there are in all, and before them. */
  close(): { readonly rows: readonly TimelineRow[]; readonly total: number; readonly before: number } {
    this.#cut();
    return { rows: this.#kept.map(({ row }) => row), total: this.#total, before: this.#before };
  }

  #cut(): void {
    this.#kept = this.#kept.sort((a, b) => comparePlaces(a.place, b.place)).slice(0, this.#limit);
  }
}
