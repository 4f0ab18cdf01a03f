import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemSizeBytes } from '../../../shared/adapters/local/item-size.ts';
import type { ExecutionEvent } from '../../../shared/observability/execution-event.ts';
import { executionPk } from '../../../shared/store/keys.ts';
import type { Store } from '../../../shared/store/store.ts';
import { aStore, aSucceeded, executionId } from '../../support/factories-observability.ts';

const events = (count: number, first = 1): ExecutionEvent[] =>
  Array.from({ length: count }, (_, index) => aSucceeded({ position: `${first + index}.0` }));

async function readAll(store: Store, limit: number): Promise<string[]> {
  const positions: string[] = [];
  let after: string | undefined;
  do {
    const page = await store.events.page({ executionId }, after, limit, 0);
    expect(page.events.length).toBeLessThanOrEqual(limit);
    positions.push(...page.events.map(({ position }) => position));
    after = page.next;
  } while (after !== undefined);
  return positions;
}

describe('an execution’s history', () => {
  it('comes back whole and in order, in pages of any size', async () => {
    await using bench = aStore();
    const all = events(1_234);
    await bench.store.events.put(executionPk(executionId), all.slice(0, 700));
    await bench.store.events.put(executionPk(executionId), all.slice(700));

    const first = await bench.store.events.page({ executionId }, undefined, 1_000, 0);

    expect(first.events).toEqual(all.slice(0, 1_000));
    for (const limit of [1_000, 333, 100]) {
      expect(await readAll(bench.store, limit)).toEqual(all.map(({ position }) => position));
    }
  });

  it('is the same packed and as text, and packed it is short', async () => {
    await using bench = aStore();
    const all = events(150);
    await bench.store.events.put(executionPk(executionId), all.slice(0, 2), { isPacked: true });
    await bench.store.events.put(executionPk(executionId), all.slice(2, 20));
    await bench.store.events.put(executionPk(executionId), all.slice(20), { isPacked: true });

    const { events: read } = await bench.store.events.page({ executionId }, undefined, 1_000, 0);

    expect(read).toEqual(all);
    const { items } = await bench.table.query(`EXEC#${executionId}`, { prefix: 'EVENT#' });
    expect(items.map((item) => [item.v, typeof item.events === 'string', itemSizeBytes(item) < 2_048])).toEqual([
      // Short.
      [1, true, true],
      [1, true, false],
      [3, false, true],
      [3, false, true],
    ]);
  });

  it.each([0, 8, 9, 10, 11])(
    'is whole though a cut batch lies before the whole one, behind %i others',
    async (others) => {
      await using bench = aStore();
      const all = events(40);
      const pk = executionPk(executionId);
      for (const event of all.slice(0, others)) await bench.store.events.put(pk, [event]);
      await bench.store.events.put(pk, all.slice(others, 36));
      for (const cut of [all.slice(30, 31), all.slice(31, 32), all.slice(33, 36)])
        await bench.store.events.put(pk, cut);
      await bench.store.events.put(pk, all.slice(36));

      for (const limit of [1_000, 33, 7, 1])
        expect(await readAll(bench.store, limit)).toEqual(all.map(({ position }) => position));
    },
  );

  it.each([9, 25, 60])('is whole though %i cut items lie before the whole one', async (cuts) => {
    await using bench = aStore();
    const all = events(120);
    const pk = executionPk(executionId);
    await bench.store.events.put(pk, all.slice(0, 100));
    for (const event of all.slice(99 - cuts, 99)) await bench.store.events.put(pk, [event]);
    await bench.store.events.put(pk, all.slice(100));

    for (const limit of [1_000, 33, 1])
      expect(await readAll(bench.store, limit)).toEqual(all.map(({ position }) => position));
  });

  it('goes on behind any event', async () => {
    await using bench = aStore();
    await bench.store.events.put(executionPk(executionId), events(250));

    const page = await bench.store.events.page({ executionId }, '120.0', 3, 0);

    expect(page.events.map(({ position }) => position)).toEqual(['121.0', '122.0', '123.0']);
    expect(page.next).toBe('123.0');
    expect(await bench.store.events.page({ executionId }, '250.0', 3, 0)).toEqual({ events: [] });
  });

  it('orders sequence numbers by value, however long', async () => {
    await using bench = aStore();
    await bench.store.events.put(executionPk(executionId), [aSucceeded({ position: '9.0' })]);
    await bench.store.events.put(executionPk(executionId), [
      aSucceeded({ position: '10.0' }),
      aSucceeded({ position: '10.1' }),
    ]);
    await bench.store.events.put(executionPk(executionId), [aSucceeded({ position: `${'9'.repeat(40)}.0` })]);

    expect(await readAll(bench.store, 10)).toEqual(['9.0', '10.0', '10.1', `${'9'.repeat(40)}.0`]);
  });

  it('has each event once, however its batches are repeated and cut', async () => {
    const step = fc.record({ back: fc.nat(5), isRepeated: fc.boolean(), size: fc.integer({ min: 1, max: 15 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 50 }), async (steps, limit) => {
        await using bench = aStore();
        const all = events(40);
        const starts = [0];
        // As a stream does: each batch begins where one ended, or, when that is not known to be done, where one began.
        for (const { back, isRepeated, size } of steps) {
          const from = (isRepeated ? starts.at(-1 - back) : starts.at(-1)) ?? 0;
          await bench.store.events.put(executionPk(executionId), all.slice(from, from + size));
          starts.push(Math.min(40, from + size));
        }
        await bench.store.events.put(executionPk(executionId), all.slice(starts.at(-1)));

        expect(await readAll(bench.store, limit)).toEqual(all.map(({ position }) => position));
      }),
      { numRuns: 100 },
    );
  });

  it('loses nothing when the beginning of a batch is not delivered again', async () => {
    await using bench = aStore();
    await bench.store.events.put(executionPk(executionId), events(10));

    await bench.store.events.put(executionPk(executionId), events(3, 8));

    expect(await readAll(bench.store, 100)).toHaveLength(10);
  });

  it('fits its items even if every event has a long error', async () => {
    await using bench = aStore();
    const error = { name: 'N'.repeat(200), message: 'é'.repeat(300), code: 'C'.repeat(200) };

    await bench.store.events.put(
      executionPk(executionId),
      events(1_000).map((event) => ({ ...event, error }) as ExecutionEvent),
    );

    expect(await readAll(bench.store, 1_000)).toHaveLength(1_000);
  });
});
