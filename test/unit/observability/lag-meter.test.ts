import { expect, it } from 'vitest';
import { LagMeter } from '../../../functions/scheduler/lag-meter.ts';
import type { ChangeRecord } from '../../../shared/ports/change-feed.ts';
import type { Item } from '../../../shared/ports/item-table.ts';

/** Keeps what is told, line by line. */
class Lines {
  readonly lines: number[][] = [];
  #next: number[] = [];

  addMs(_name: string, valuesMs: readonly number[]): void {
    this.#next.push(...valuesMs);
  }

  publish(): void {
    this.lines.push(this.#next);
    this.#next = [];
  }
}

const change = (sk: string, after: Partial<Item>, before?: Item): ChangeRecord => ({
  sequence: '1',
  key: { pk: 'EXEC#e', sk },
  after: { pk: 'EXEC#e', sk, ...after },
  ...(before !== undefined && { before }),
});
const result = (endedAtMs: number) => change('RESULT#a#000001#0001', { endedAtMs });

it('tells the age of the oldest change of each batch: a start by its start, a result by its end', () => {
  const lines = new Lines();
  const meter = new LagMeter(lines);

  meter.note([result(900), change('META', { startedAtMs: 500 }), result(990)], 1_000);

  expect(lines.lines).toEqual([[500]]);
});

it('tells of the first batch at once, and of the others once a minute', () => {
  const lines = new Lines();
  const meter = new LagMeter(lines);

  for (const atMs of [0, 1_000, 59_999, 60_000, 61_000]) meter.note([result(atMs - 10)], atMs);

  expect(lines.lines).toEqual([[10], [10, 10, 10]]);
});

it('says nothing of batches that hold only changes of what was there', () => {
  const lines = new Lines();
  const meter = new LagMeter(lines);
  const meta = { pk: 'EXEC#e', sk: 'META', startedAtMs: 5 };

  meter.note([change('META', meta, meta)], 1_000);

  expect(lines.lines).toEqual([]);
});
