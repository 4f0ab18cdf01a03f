import { describe, expect, it } from 'vitest';
import { openWork } from '../../../shared/core/open-work.ts';
import { aMap, aTask } from '../../support/factories.ts';
import { Deciding } from '../../support/factories-decide.ts';

const aChain = (limit = 10) => new Deciding({ a: aTask(), b: aTask({ dependsOn: ['a'] }), c: aTask() }, {}, limit);

describe('a pause', () => {
  it('starts nothing new, and a resume what came to be startable', () => {
    const run = aChain();
    run.on();

    expect(run.on({ type: 'paused' }, run.settled('a'))).toEqual([]);
    expect(run.on({ type: 'resumed', parked: [] })).toEqual(['b']);
  });

  it('sends parked work again, for which its slots were kept', () => {
    const run = aChain(2);
    run.on();
    run.on({ type: 'paused' });
    const { inFlight } = run.state;

    expect(run.againOn({ type: 'resumed', parked: [run.work('a')] })).toEqual(['a']);
    expect(run.state.inFlight).toBe(inFlight);
  });

  it('does not send parked work again that has settled meanwhile', () => {
    const run = aChain();
    run.on();
    run.on({ type: 'paused' });

    expect(run.againOn(run.settled('a'), { type: 'resumed', parked: [run.work('a')] })).toEqual([]);
  });

  it('that comes when all is done changes nothing about the end', () => {
    const run = aChain();
    run.on();
    run.on({ type: 'paused' }, run.settled('a'));
    run.on({ type: 'resumed', parked: [] });

    run.on({ type: 'paused' }, run.settled('b'), run.settled('c'));

    expect(run.ending).toBe('SUCCEEDED');
  });

  it('holds chunks and collections back too', () => {
    const run = new Deciding({ m: aMap() }, {}, 1);
    run.on();

    expect(run.on({ type: 'paused' }, run.planned('m', 2))).toEqual([]);
    expect(run.on({ type: 'resumed', parked: [] })).toEqual(['m[0]']);
    expect(run.on(run.chunk('m', 0))).toEqual(['m[1]']);
    expect(run.on({ type: 'paused' }, run.chunk('m', 1))).toEqual([]);
    expect(run.on({ type: 'resumed', parked: [] })).toEqual(['collect m']);
  });
});

describe('a stop', () => {
  it.each(['CANCELLED', 'TIMED_OUT'] as const)('%s lets running nodes settle, and starts none', (reason) => {
    const run = aChain();
    run.on();

    expect(run.on({ type: 'stopped', reason })).toEqual(['settle']);
    expect(run.on(run.settled('a'))).toEqual([]);
    expect(run.ending).toBeUndefined();
    run.on(run.settled('c'));
    expect(run.ending).toBe(reason);
  });

  it('ends at once where nothing runs', () => {
    const run = aChain();

    expect(run.on({ type: 'stopped', reason: 'CANCELLED' })).toEqual([]);
    expect(run.ending).toBe('CANCELLED');
  });

  it('ends a paused execution too', () => {
    const run = aChain();
    run.on();
    run.on({ type: 'paused' });

    run.on({ type: 'stopped', reason: 'CANCELLED' }, { type: 'settleElapsed' });

    expect(run.ending).toBe('CANCELLED');
  });

  it('has the reason that came first', () => {
    const run = aChain();
    run.on();
    run.on({ type: 'stopped', reason: 'CANCELLED' });

    run.on({ type: 'stopped', reason: 'TIMED_OUT' }, run.settled('a', 'FAILED'), run.settled('c'));

    expect(run.ending).toBe('CANCELLED');
  });

  it('asks for its timer once', () => {
    const run = aChain();
    run.on();
    run.on({ type: 'stopped', reason: 'CANCELLED' });

    expect(run.on({ type: 'stopped', reason: 'CANCELLED' })).toEqual([]);
    expect(openWork(run.plan, run.state)).toEqual([{ kind: 'settle' }]);
  });

  it('takes no notice of a timer of no stop', () => {
    const run = aChain();
    run.on();

    run.on({ type: 'settleElapsed' });

    expect(run.ending).toBeUndefined();
  });
});

describe('after the end', () => {
  it('nothing changes any more', () => {
    const run = aChain();
    run.on();
    run.on({ type: 'stopped', reason: 'CANCELLED' }, { type: 'settleElapsed' });
    const before = run.state;

    run.on(run.settled('a'), run.settled('c', 'FAILED'), { type: 'resumed', parked: [run.work('a')] });

    expect(run.state).toBe(before);
  });
});

describe('events that are known, stale or in another order', () => {
  it('change nothing', () => {
    const run = aChain();
    run.on();
    run.on(run.settled('a'), run.settled('c', 'SKIPPED'));
    const before = run.state;

    run.on(run.settled('c'), run.settled('a', 'FAILED'), run.settled('a'));

    expect({ ...run.state }).toEqual(before);
  });

  it('of a route change nothing: only the visit it stands on counts', () => {
    const run = new Deciding({ a: aTask({ mayRouteTo: ['a', 'b'] }), b: aTask() }, { strategy: 'conditional' });
    run.on();
    run.on(run.settled('a', 'SUCCEEDED', { next: 'a' }));
    const before = run.state;

    run.on(
      run.settled('a', 'SUCCEEDED', { next: 'b' }),
      run.settled('a', 'SUCCEEDED', { visit: 3, next: 'b' }),
      run.settled('b', 'FAILED'),
    );

    expect(run.state).toEqual(before);
  });
});

describe('a route', () => {
  const aLoop = (maxVisits?: number) =>
    new Deciding(
      { a: aTask({ next: 'b' }), b: aTask({ mayRouteTo: ['a'] }) },
      { strategy: 'conditional', ...(maxVisits !== undefined && { maxVisits }) },
    );

  it('goes from node to node, and in loops visits them again', () => {
    const run = aLoop();

    expect(run.on()).toEqual(['a']);
    expect(run.on(run.settled('a', 'SUCCEEDED', { next: 'b' }))).toEqual(['b']);
    expect(run.on(run.settled('b', 'SUCCEEDED', { next: 'a' }))).toEqual(['a@2']);
    expect(run.on(run.settled('a', 'SUCCEEDED', { visit: 2, next: null }))).toEqual([]);
    expect(run.ending).toBe('SUCCEEDED');
  });

  it('goes on from a skipped visit as from a success', () => {
    const run = aLoop();
    run.on();

    expect(run.on(run.settled('a', 'SKIPPED', { next: 'b' }))).toEqual(['b']);
  });

  it('ends with the visit that failed', () => {
    const run = aLoop();
    run.on();

    run.on(run.settled('a', 'FAILED'));

    expect(run.state.ending).toEqual({ status: 'FAILED', failedVisit: { node: 0, visit: 1 } });
  });

  it('fails where a node would be visited more often than it may', () => {
    const run = aLoop(1);
    run.on();
    run.on(run.settled('a', 'SUCCEEDED', { next: 'b' }));

    expect(run.on(run.settled('b', 'SUCCEEDED', { next: 'a' }))).toEqual([]);
    expect(run.state.ending).toMatchObject({ status: 'FAILED', error: { code: 'MAX_VISITS_EXCEEDED' } });
  });

  it('may visit a node a hundred times unless it says otherwise', () => {
    const run = new Deciding({ a: aTask({ next: 'a' }) }, { strategy: 'conditional' });
    let visits = 0;

    for (let sent = run.on(); sent.length > 0; )
      sent = run.on(run.settled('a', 'SUCCEEDED', { visit: ++visits, next: 'a' }));

    expect(visits).toBe(100);
    expect(run.ending).toBe('FAILED');
  });
});
