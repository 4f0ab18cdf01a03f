import { describe, expect, it } from 'vitest';
import { aMap, aTask } from '../../support/factories.ts';
import { Deciding } from '../../support/factories-decide.ts';

const behind = (...dependsOn: string[]) => aTask({ dependsOn });
const ruled = (triggerRule: string, ...dependsOn: string[]) => aTask({ dependsOn, triggerRule });
const again = { type: 'redriven', run: 2 } as const;

describe('a redrive', () => {
  it('runs what failed, and what was skipped because of it', () => {
    const run = new Deciding({ a: aTask(), b: behind('a'), c: behind('b') });
    run.on();
    run.on(run.settled('a'));
    run.on(run.settled('b', 'FAILED'));

    expect(run.on(again)).toEqual(['b']);
    expect(run.on(run.settled('b'))).toEqual(['c']);
    run.on(run.settled('c'));
    expect(run.ending).toBe('SUCCEEDED');
  });

  it('runs what was cut off, and keeps what stands', () => {
    const run = new Deciding({ a: aTask(), b: aTask(), c: behind('a', 'b') });
    run.on();
    run.on(run.settled('a'), { type: 'stopped', reason: 'CANCELLED' }, { type: 'settleElapsed' });

    expect(run.on(again)).toEqual(['b']);
    expect(run.on(run.settled('b'))).toEqual(['c']);
  });

  it('keeps a failure that was absorbed', () => {
    const run = new Deciding({ a: aTask(), b: ruled('all_done', 'a'), c: behind('b') });
    run.on();
    run.on(run.settled('a', 'FAILED'));
    run.on(run.settled('b'));
    run.on(run.settled('c', 'FAILED'));

    expect(run.on(again)).toEqual(['c']);
  });

  it('keeps a failure that a cleanup absorbed past what was skipped', () => {
    const run = new Deciding({ a: aTask(), b: behind('a'), cleanup: ruled('all_done', 'b'), c: aTask() });
    run.on();
    run.on(run.settled('a', 'FAILED'));
    run.on(run.settled('cleanup'));
    run.on(run.settled('c', 'FAILED'));

    expect(run.on(again)).toEqual(['c']);
    run.on(run.settled('c'));
    expect(run.ending).toBe('SUCCEEDED');
  });

  it('runs what was aborted although a dependent had run without it', () => {
    const run = new Deciding({ a: aTask(), b: aTask(), c: ruled('any_success', 'a', 'b'), d: behind('b') });
    run.on();
    run.on(run.settled('a'));
    run.on(run.settled('c'));
    run.on({ type: 'stopped', reason: 'CANCELLED' });
    run.on(run.settled('b', 'FAILED'));

    expect(run.on(again)).toEqual(['b']);
    expect(run.on(run.settled('b'))).toEqual(['d']);
  });

  it('keeps a skip that was a result', () => {
    const run = new Deciding({ a: aTask(), b: aTask() });
    run.on();
    run.on(run.settled('a', 'SKIPPED'), run.settled('b', 'FAILED'));

    expect(run.on(again)).toEqual(['b']);
  });

  it('goes on at the visit that failed', () => {
    const run = new Deciding({ a: aTask({ next: 'b' }), b: aTask() }, { strategy: 'conditional' });
    run.on();
    run.on(run.settled('a', 'SUCCEEDED', { next: 'b' }));
    run.on(run.settled('b', 'FAILED'));

    expect(run.on(again)).toEqual(['b']);
    run.on(run.settled('b'));
    expect(run.ending).toBe('SUCCEEDED');
  });

  it('plans a map anew', () => {
    const run = new Deciding({ m: aMap() });
    run.on();
    run.on(run.planned('m', 2));
    run.on({ type: 'stopped', reason: 'TIMED_OUT' }, { type: 'settleElapsed' });

    expect(run.on(again)).toEqual(['plan m']);
    expect(run.state.inFlight).toBe(1);
  });

  it('told twice happens once', () => {
    const run = new Deciding({ a: aTask() });
    run.on();
    run.on(run.settled('a', 'FAILED'));
    run.on(again);

    expect(run.on(again)).toEqual([]);
    expect(run.state.inFlight).toBe(1);
  });
});
