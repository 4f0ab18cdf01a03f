import { describe, expect, it } from 'vitest';
import { aMap, aTask } from '../../support/factories.ts';
import { Deciding } from '../../support/factories-decide.ts';

const aRun = (overrides: object = {}, limit = 3) => new Deciding({ m: aMap({ ...overrides }) }, {}, limit);

describe('a map', () => {
  it('is planned, run in chunks within the limit, and collected', () => {
    const run = aRun();

    expect(run.on()).toEqual(['plan m']);
    expect(run.on(run.planned('m', 5))).toEqual(['m[0]', 'm[1]', 'm[2]']);
    expect(run.on(run.chunk('m', 2), run.chunk('m', 0))).toEqual(['m[3]', 'm[4]']);
    expect(run.on(run.chunk('m', 1), run.chunk('m', 4))).toEqual([]);
    expect(run.on(run.chunk('m', 3))).toEqual(['collect m']);
    expect(run.state.inFlight).toBe(1);
    expect(run.on(run.settled('m'))).toEqual([]);
    expect(run.ending).toBe('SUCCEEDED');
  });

  it('of no chunks is collected at once', () => {
    const run = aRun();
    run.on();

    expect(run.on(run.planned('m', 0))).toEqual(['collect m']);
  });

  it('may end without a plan: it had no items, or failed', () => {
    const run = aRun();
    run.on();

    run.on(run.settled('m', 'FAILED'));

    expect([run.ending, run.state.inFlight]).toEqual(['FAILED', 0]);
  });

  it('keeps to its own concurrency', () => {
    const run = aRun({ maxConcurrency: 2 }, 10);
    run.on();

    expect(run.on(run.planned('m', 5))).toEqual(['m[0]', 'm[1]']);
    expect(run.on(run.chunk('m', 1))).toEqual(['m[2]']);
  });

  it('shares the limit with other nodes, which come first', () => {
    const run = new Deciding({ m: aMap(), a: aTask(), b: aTask({ dependsOn: ['a'] }) }, {}, 2);
    run.on();

    expect(run.on(run.planned('m', 5))).toEqual(['m[0]']);
    expect(run.on(run.settled('a'))).toEqual(['b']);
  });

  it.each([
    ['none', {}, 1],
    ['a count', { toleratedFailureCount: 2 }, 3],
    ['a share of its items', { toleratedFailurePercentage: 40 }, 5],
    ['the larger of both', { toleratedFailureCount: 1, toleratedFailurePercentage: 40 }, 5],
  ])('starts no more chunks over its tolerance: %s', (_what, tolerance, fatal) => {
    const run = aRun({ ...tolerance }, 1);
    run.on();
    run.on(run.planned('m', 10));

    for (let failures = 1; failures < fatal; failures++) {
      expect(run.on(run.chunk('m', failures - 1, { failedItems: 1 }))).toEqual([`m[${failures}]`]);
    }

    expect(run.on(run.chunk('m', fatal - 1, { failedItems: 1 }))).toEqual(['collect m']);
  });

  it('over its tolerance is collected when what runs is done', () => {
    const run = aRun();
    run.on();
    run.on(run.planned('m', 10));

    expect(run.on(run.chunk('m', 1, { failedItems: 1 }))).toEqual([]);
    expect(run.on(run.chunk('m', 0))).toEqual([]);
    expect(run.on(run.chunk('m', 2))).toEqual(['collect m']);
  });

  it('counts no chunk twice, however often it is told', () => {
    const run = aRun({ toleratedFailureCount: 1 });
    run.on();
    run.on(run.planned('m', 4));

    run.on(run.chunk('m', 0, { failedItems: 1 }), run.chunk('m', 0, { failedItems: 1 }));
    run.on(run.chunk('m', 0, { failedItems: 1 }), run.planned('m', 4));

    expect(run.state).toMatchObject({ inFlight: 3, maps: { 0: { inFlight: 3, failedItems: 1 } } });
  });

  it('does not hear of chunks that were never dispatched, or belong to another visit', () => {
    const run = aRun();
    run.on();
    run.on(run.planned('m', 10));
    const before = run.state;

    run.on(run.chunk('m', 7), run.chunk('m', 0, { visit: 2 }), run.chunk('m', -1), run.planned('m', 3, { visit: 2 }));

    expect(run.state).toEqual(before);
  });

  it('keeps its state small although the first of many chunks does not end', () => {
    const run = aRun({}, 10_000);
    run.on();
    const open = run.on(run.planned('m', 100_000)).filter((name) => name !== 'm[0]');

    for (let more = open; more.length > 0; )
      more = run.on(...more.map((name) => run.chunk('m', Number(name.slice(2, -1)))));
    const { window, next } = run.state.maps[0] ?? { window: new Uint8Array(), next: 0 };

    expect(window.length).toBeLessThanOrEqual(4_096);
    expect(next).toBe(32_768);
    expect(run.on(run.chunk('m', 0)).length).toBe(10_000);
  });

  it('runs 10,000 chunks in any order to its end, with a window that slides', () => {
    const run = aRun({}, 100);
    run.on();
    const open = run.on(run.planned('m', 10_000));
    let settled = 0;

    while (open.length > 0) {
      const [name = ''] = open.splice((settled * 7_919) % open.length, 1);
      if (name === 'collect m') break;
      open.push(...run.on(run.chunk('m', Number(name.slice(2, -1)))));
      settled++;
    }

    expect(settled).toBe(10_000);
    expect(run.state.inFlight).toBe(1);
  });

  it('in a loop starts anew at each visit', () => {
    const run = new Deciding({ m: aMap({ mayRouteTo: ['m'] }) }, { strategy: 'conditional' });
    run.on();
    run.on(run.planned('m', 1));
    run.on(run.chunk('m', 0));

    expect(run.on(run.settled('m', 'SUCCEEDED', { next: 'm' }))).toEqual(['plan m@2']);
    expect(run.on(run.planned('m', 1), run.chunk('m', 0))).toEqual([]);
    expect(run.on(run.planned('m', 2, { visit: 2 }))).toEqual(['m@2[0]', 'm@2[1]']);
  });
});
