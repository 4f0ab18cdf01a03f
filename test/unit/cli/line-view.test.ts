import { describe, expect, it } from 'vitest';
import { LineView } from '../../../cli/progress/line-view.ts';
import { PLAIN } from '../../../cli/text.ts';
import type { Plan } from '../../../shared/core/plan.ts';
import { aDescription, aPlan, aResult, aSnapshot, PLAN, START } from './progress-fixtures.ts';

function aView({ plan = PLAN, endedBefore = [] }: { plan?: Plan | undefined; endedBefore?: string[] } = {}) {
  const lines: string[] = [];
  const view = new LineView({
    write: (line) => lines.push(line),
    palette: PLAIN,
    plan,
    endedBefore: new Set(endedBefore),
  });
  return { view, lines };
}

const map = { items: 322, chunks: 13, settledChunks: 1, failedItems: 0 };
const atMap = (settledChunks: number, nowMs: number) =>
  aSnapshot({
    description: aDescription({ progress: { maps: { check: { ...map, settledChunks } } } }),
    nowMs: START + nowMs,
  });

describe('progress on a pipe', () => {
  it('has a line for each node that ended', () => {
    const { view, lines } = aView();

    view.show(aSnapshot({ ended: [aResult('parse'), aResult('sizes')] }));

    expect(lines).toEqual(['✓ parse 12 ms', '✓ sizes 12 ms']);
  });

  it('has a line for a map at most once a second, and only when it has moved', () => {
    const { view, lines } = aView();

    for (const [settled, nowMs] of [
      [0, 0],
      [1, 100],
      [2, 200],
      [5, 1_100],
      [5, 2_200],
    ] as const)
      view.show(atMap(settled, nowMs));

    expect(lines).toEqual(['… check 25/322', '… check 125/322']);
  });

  it('names the items of a map that has ended', () => {
    const { view, lines } = aView();
    view.show(atMap(1, 0));

    view.show(aSnapshot({ ended: [aResult('check')] }));

    expect(lines.at(-1)).toBe('✓ check 322 items 12 ms');
  });

  it('tells of the nodes a trigger rule skipped, once it is certain and only once', () => {
    const { view, lines } = aView({ endedBefore: ['parse'] });
    const running = aDescription({ progress: { succeeded: 2, skipped: 1 } });
    const ended = aDescription({ status: 'SUCCEEDED', progress: { succeeded: 2, skipped: 2 } });

    view.show(aSnapshot({ description: running, ended: [aResult('check')] }));
    view.show(aSnapshot({ description: ended }));
    view.show(aSnapshot({ description: ended }));

    expect(lines).toEqual(['✓ check 12 ms', '– sizes skipped', '– report skipped']);
  });

  it('does not call nodes skipped that an execution which failed did not reach', () => {
    const { view, lines } = aView();

    view.show(
      aSnapshot({
        description: aDescription({ status: 'FAILED', progress: { succeeded: 1, failed: 1 } }),
        ended: [aResult('parse')],
      }),
    );

    expect(lines).toEqual(['✓ parse 12 ms']);
  });

  it('reads results only when counts have changed', () => {
    const { view } = aView();
    const one = aDescription({ progress: { succeeded: 1 } });

    expect([
      view.wantsResults(one),
      view.wantsResults(one),
      view.wantsResults(aDescription({ progress: { succeeded: 2 } })),
    ]).toEqual([true, false, true]);
  });

  it('reads results at each look where a loop may turn with the counts standing still', () => {
    const loop = aPlan({ a: { handler: 'a', next: 'b' }, b: { handler: 'b', next: 'a' } }, { strategy: 'conditional' });
    const { view } = aView({ plan: loop });
    const description = aDescription({}, loop);

    expect([view.wantsResults(description), view.wantsResults(description)]).toEqual([true, true]);
  });

  it('trusts no plan of another definition than the one that runs', () => {
    const { view, lines } = aView({ plan: aPlan({ other: { handler: 'a' } }) });

    view.show(aSnapshot({ description: aDescription({ status: 'SUCCEEDED', progress: { succeeded: 4 } }) }));

    expect(lines).toEqual([]);
  });
});
