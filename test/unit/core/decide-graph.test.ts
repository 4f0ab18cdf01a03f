import { describe, expect, it } from 'vitest';
import { decide } from '../../../shared/core/decide.ts';
import { aTask } from '../../support/factories.ts';
import { Deciding } from '../../support/factories-decide.ts';

const behind = (...dependsOn: string[]) => aTask({ dependsOn });
const ruled = (triggerRule: string, ...dependsOn: string[]) => aTask({ dependsOn, triggerRule });

describe('a graph', () => {
  it('starts a node as soon as its own parents are done, not by levels', () => {
    const run = new Deciding({ slow: aTask(), fast: aTask(), next: behind('fast'), join: behind('slow', 'next') });

    expect(run.on()).toEqual(['slow', 'fast']);
    expect(run.on(run.settled('fast'))).toEqual(['next']);
    expect(run.on(run.settled('next'))).toEqual([]);
    expect(run.on(run.settled('slow'))).toEqual(['join']);
    expect(run.on(run.settled('join'))).toEqual([]);
    expect(run.ending).toBe('SUCCEEDED');
  });

  it('goes on by many results at once as by one after another', () => {
    const run = new Deciding({ a: aTask(), b: behind('a'), c: behind('b'), d: behind('c') });
    run.on();

    expect(run.on(run.settled('c'), run.settled('a'), run.settled('b'))).toEqual(['d']);
  });

  it('leaves the state it was given as it was', () => {
    const run = new Deciding({ a: aTask(), b: behind('a') });
    run.on();
    const before = structuredClone(run.state);

    decide(run.plan, run.state, [run.settled('a')]);

    expect(run.state).toEqual(before);
  });

  it('skips what follows a skipped node, however far, unless a rule says otherwise', () => {
    const run = new Deciding({
      a: aTask(),
      b: behind('a'),
      c: behind('b'),
      d: ruled('none_failed', 'c'),
      e: ruled('all_done', 'c'),
      f: ruled('all_failed', 'c'),
    });
    run.on();

    expect(run.on(run.settled('a', 'SKIPPED'))).toEqual(['d', 'e']);
    expect(run.on(run.settled('d'), run.settled('e'))).toEqual([]);
    expect(run.ending).toBe('SUCCEEDED');
  });

  it('runs a node of an any_* rule once, however many parents are as it asks', () => {
    const run = new Deciding({ a: aTask(), b: aTask(), c: ruled('any_success', 'a', 'b') });
    run.on();

    expect(run.on(run.settled('a'))).toEqual(['c']);
    expect(run.on(run.settled('b'))).toEqual([]);
    expect(run.on(run.settled('c'))).toEqual([]);
    expect(run.ending).toBe('SUCCEEDED');
  });

  it('waits for parents a node did not need, before it ends', () => {
    const run = new Deciding({ a: aTask(), b: aTask(), c: ruled('any_success', 'a', 'b') });
    run.on();
    run.on(run.settled('a'));

    run.on(run.settled('c'));

    expect(run.ending).toBeUndefined();
  });

  it('ends at once where nothing is left', () => {
    const run = new Deciding({ a: aTask() });
    run.on();

    run.on(run.settled('a', 'SKIPPED'));

    expect(run.ending).toBe('SUCCEEDED');
  });
});

describe('a failure', () => {
  it('that nothing absorbs stops the execution, and nothing new starts', () => {
    const run = new Deciding({ a: aTask(), b: aTask(), c: behind('b') });
    run.on();

    expect(run.on(run.settled('a', 'FAILED'))).toEqual(['settle']);
    expect(run.on(run.settled('b'))).toEqual([]);
    expect([run.ending, run.failedNode]).toEqual(['FAILED', 'a']);
  });

  it('ends the execution at once where nothing runs', () => {
    const run = new Deciding({ a: aTask(), b: behind('a') });
    run.on();

    expect(run.on(run.settled('a', 'FAILED'))).toEqual([]);
    expect(run.ending).toBe('FAILED');
  });

  it('leaves what was not dispatched for want of a slot where it is', () => {
    const run = new Deciding({ a: aTask(), b: aTask(), c: aTask() }, {}, 1);
    run.on();

    expect(run.on(run.settled('a', 'FAILED'))).toEqual([]);
    expect(run.ending).toBe('FAILED');
  });

  it('waits for running nodes, but not beyond their time', () => {
    const run = new Deciding({ a: aTask(), b: aTask() });
    run.on();
    run.on(run.settled('a', 'FAILED'));

    run.on({ type: 'settleElapsed' });

    expect([run.ending, run.failedNode]).toEqual(['FAILED', 'a']);
  });

  it('is told of by the first, although others follow', () => {
    const run = new Deciding({ a: aTask(), b: aTask() });
    run.on();
    run.on(run.settled('b', 'FAILED'));

    run.on(run.settled('a', 'FAILED'));

    expect(run.failedNode).toBe('b');
  });

  it.each([
    ['all_done', 'b'],
    ['all_failed', 'b'],
    ['any_failed', 'b'],
  ])('is absorbed by a dependent with %s', (rule, expected) => {
    const run = new Deciding({ a: aTask(), b: ruled(rule, 'a') });
    run.on();

    expect(run.on(run.settled('a', 'FAILED'))).toEqual([expected]);
    run.on(run.settled('b'));
    expect(run.ending).toBe('SUCCEEDED');
  });

  it.each(['all_success', 'none_failed', 'any_success'])(
    'is not absorbed by a dependent with %s that it skips',
    (rule) => {
      const run = new Deciding({ a: aTask(), b: ruled(rule, 'a') });
      run.on();

      run.on(run.settled('a', 'FAILED'));

      expect([run.ending, run.failedNode]).toEqual(['FAILED', 'a']);
    },
  );

  it('is absorbed by any_success where another parent succeeds, and not where none does', () => {
    const nodes = { a: aTask(), b: aTask(), c: ruled('any_success', 'a', 'b') };
    const [lucky, unlucky] = [new Deciding(nodes), new Deciding(nodes)];
    for (const run of [lucky, unlucky]) {
      run.on();
      expect(run.on(run.settled('a', 'FAILED'))).toEqual([]);
    }

    expect(lucky.on(lucky.settled('b'))).toEqual(['c']);
    unlucky.on(unlucky.settled('b', 'FAILED'));

    expect(unlucky.ending).toBe('FAILED');
  });

  it('waits for all_failed to know: another parent’s success makes it fatal', () => {
    const run = new Deciding({ a: aTask(), b: aTask(), c: ruled('all_failed', 'a', 'b') });
    run.on();
    run.on(run.settled('a', 'FAILED'));

    run.on(run.settled('b'));

    expect([run.ending, run.failedNode]).toEqual(['FAILED', 'a']);
  });

  it('is absorbed past skipped nodes by a cleanup that runs when all is done', () => {
    const run = new Deciding({
      load: aTask(),
      parse: behind('load'),
      store: behind('parse'),
      cleanup: ruled('all_done', 'store'),
    });
    run.on();

    expect(run.on(run.settled('load', 'FAILED'))).toEqual(['cleanup']);
    run.on(run.settled('cleanup'));
    expect(run.ending).toBe('SUCCEEDED');
  });

  it('is not absorbed past skipped nodes by rules that do not ask how they ended', () => {
    const run = new Deciding({ a: aTask(), b: behind('a'), c: ruled('any_failed', 'b'), d: ruled('none_failed', 'b') });
    run.on();

    expect(run.on(run.settled('a', 'FAILED'))).toEqual([]);
    expect(run.ending).toBe('FAILED');
  });

  it('is absorbed by a cleanup that still waits for others', () => {
    const run = new Deciding({ a: aTask(), b: aTask(), cleanup: ruled('all_done', 'a', 'b') });
    run.on();

    expect(run.on(run.settled('a', 'FAILED'))).toEqual([]);
    expect(run.state.stop).toBeUndefined();
    expect(run.on(run.settled('b'))).toEqual(['cleanup']);
  });

  it('is fatal after all where the cleanup’s runIf was false', () => {
    const run = new Deciding({ a: aTask(), cleanup: ruled('all_done', 'a') });
    run.on();
    run.on(run.settled('a', 'FAILED'));

    run.on(run.settled('cleanup', 'SKIPPED'));

    expect([run.ending, run.failedNode]).toEqual(['FAILED', 'a']);
  });

  it('is absorbed where one of two dependents runs in spite of it', () => {
    const run = new Deciding({ a: aTask(), b: behind('a'), c: ruled('all_done', 'a') });
    run.on();

    expect(run.on(run.settled('a', 'FAILED'))).toEqual(['c']);
    run.on(run.settled('c'));
    expect(run.ending).toBe('SUCCEEDED');
  });

  it('of the node that absorbed one is fatal itself', () => {
    const run = new Deciding({ a: aTask(), cleanup: ruled('all_done', 'a') });
    run.on();
    run.on(run.settled('a', 'FAILED'));

    run.on(run.settled('cleanup', 'FAILED'));

    expect(run.failedNode).toBe('cleanup');
  });
});

describe('the limit', () => {
  it('is never exceeded, and always used', () => {
    const ids = Array.from({ length: 20 }, (_, index) => `n${index}`);
    const run = new Deciding(Object.fromEntries(ids.map((id) => [id, aTask()])), {}, 3);
    const open = new Set(run.on());
    const order = [...open];

    while (open.size > 0) {
      expect(open.size).toBe(Math.min(3, 20 - order.length + open.size));
      expect(run.state.inFlight).toBe(open.size);
      const [first = ''] = open;
      open.delete(first);
      for (const next of run.on(run.settled(first))) {
        open.add(next);
        order.push(next);
      }
    }

    expect(order).toEqual(ids);
    expect(run.ending).toBe('SUCCEEDED');
  });
});
