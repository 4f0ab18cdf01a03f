import { describe, expect, it } from 'vitest';
import { sleep } from '../../shared/ports/clock.ts';
import { Dice } from './dice.ts';
import { EventLoop } from './event-loop.ts';
import { Faults } from './faults.ts';
import { FunctionHost } from './function-host.ts';
import { SimulatedLetters } from './letters.ts';
import { MemoryBlobs } from './memory-blobs.ts';
import { MemoryTable } from './memory-table.ts';
import type { SimulatedProcess, Surroundings } from './process.ts';

const KEY = { pk: 'P', sk: 'S' };

/** A function on simulated time, with exactly these faults. */
function aFunction<Event, Result>(
  start: (process: SimulatedProcess) => (event: Event) => Promise<Result>,
  { faults: ids = [], coldStarts = 0 }: { readonly faults?: readonly string[]; readonly coldStarts?: number } = {},
) {
  const loop = new EventLoop();
  const dice = new Dice(1);
  const table = new MemoryTable();
  const plan = { rates: {}, budget: 0, untilMs: 0, exactly: new Set(ids) };
  const surroundings: Surroundings = {
    loop,
    dice,
    faults: new Faults(
      plan,
      dice,
      () => loop.elapsedMs,
      () => undefined,
    ),
    backend: {
      table,
      blobs: new MemoryBlobs(),
      letters: new SimulatedLetters(() => loop.nowMs),
      lagging: () => table,
      send: () => undefined,
      tell: () => undefined,
    },
    latencies: {
      callMs: () => 10,
      streamMs: () => 0,
      queueMs: () => 0,
      startMs: () => 0,
      coldStarts,
      hasFullBatches: true,
      consumersAfter: () => 1,
    },
    throttled: new Map(),
    trace: () => undefined,
  };
  const host = new FunctionHost({ name: 'f', timeoutMs: 60_000, start }, surroundings);
  /** Until nothing is to come, or for so long. */
  const run = async (ms = Number.POSITIVE_INFINITY) => {
    // What was just asked for begins.
    await new Promise(setImmediate);
    let isOver = false;
    if (Number.isFinite(ms)) {
      loop.after(ms, () => {
        isOver = true;
      });
    }
    while (!isOver && (await loop.step()));
  };
  return { host, loop, table, run };
}

const FROZEN = 'standsStill@f-1/rest';

/** Answers while its write is still to come. */
const answersEarly = (process: SimulatedProcess) => async (event: string) => {
  void sleep(process.clock, 100).then(() => process.ports.table.put({ ...KEY, event }));
  return event;
};

describe('an instance that stands still between its invocations', () => {
  it('never does what it left running after its answer, unless it is invoked again', async () => {
    const { host, table, run } = aFunction(answersEarly, { faults: [FROZEN] });

    const answer = host.invoke('first');
    await run();

    expect(await answer).toEqual({ ok: true, result: 'first' });
    expect(table.get(KEY)).toBeUndefined();

    void host.invoke('second');
    await run();

    expect(table.get(KEY)).toMatchObject({ event: 'first' });
  });

  it('hears only then what came of a call that was under way', async () => {
    const heardAtMs: number[] = [];
    const { host, loop, table, run } = aFunction(
      (process) => async (event: string) => {
        void process.ports.table.put({ ...KEY, event }).then(() => heardAtMs.push(loop.elapsedMs));
      },
      { faults: [FROZEN] },
    );

    void host.invoke('first');
    await run(500);

    expect(table.get(KEY)).toMatchObject({ event: 'first' });
    expect(heardAtMs).toEqual([]);

    void host.invoke('second');
    await run();

    expect(heardAtMs).toEqual([500]);
  });

  it('remembers what it learnt; a new one does not', async () => {
    const counting = () => {
      let invocations = 0;
      return async () => ++invocations;
    };
    const [warm, cold] = [aFunction(counting, { faults: [FROZEN] }), aFunction(counting, { coldStarts: 1 })];

    const answers = await Promise.all(
      [warm, cold].map(async ({ host }) => [await host.invoke(0), await host.invoke(0)]),
    );

    expect(answers).toEqual([
      [
        { ok: true, result: 1 },
        { ok: true, result: 2 },
      ],
      [
        { ok: true, result: 1 },
        { ok: true, result: 1 },
      ],
    ]);
  });
});

describe('an instance', () => {
  it('that does not stand still does what it left running', async () => {
    const { host, table, run } = aFunction(answersEarly);

    void host.invoke('first');
    await run();

    expect(table.get(KEY)).toMatchObject({ event: 'first' });
  });

  it('that hangs at a call ends when its time is over, and is not invoked again', async () => {
    const { host, loop, run } = aFunction(
      (process) => async (event: string) => {
        await process.ports.table.put({ ...KEY, event });
      },
      { faults: ['functionIsStuck@f-1#1'] },
    );

    const stuck = host.invoke('first');
    await run();

    expect(await stuck).toEqual({ ok: false });
    expect(loop.elapsedMs).toBe(60_000);

    const next = host.invoke('second');
    await run();

    expect(await next).toEqual({ ok: true });
    expect(host.coldStarts).toBe(2);
  });

  it('whose partition is throttled is refused there, and nowhere else, until that is over', async () => {
    const { host, run } = aFunction(
      (process) => async (pk: string) => {
        const write = () => process.ports.table.put({ pk, sk: 'S' });
        return await write().then(
          () => 'written',
          () => 'refused',
        );
      },
      { faults: ['partitionThrottled@f-1#1'] },
    );

    const ask = async (pk: string) => {
      const answer = host.invoke(pk);
      await run();
      return await answer;
    };
    const soon = [await ask('#a'), await ask('#b'), await ask('#a')];
    await run(20_000);

    expect(soon.map((answer) => answer.ok && answer.result)).toEqual(['refused', 'written', 'refused']);
    expect(await ask('#a')).toEqual({ ok: true, result: 'written' });
  });
});
