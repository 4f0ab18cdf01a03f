import { describe, expect, it } from 'vitest';
import { compile } from '../../../shared/core/compile.ts';
import type { Advance } from '../../../shared/model/config.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { sleep } from '../../../shared/ports/clock.ts';
import { parseMeta } from '../../../shared/store/execution-store.ts';
import { itemType } from '../../../shared/store/keys.ts';
import { VirtualClock } from '../../../shared/testing/virtual-clock.ts';
import { chain, fanOut } from '../../bench/shapes.ts';
import { aDefinition, aTask } from '../../support/factories.ts';
import { Twin } from '../../support/twin.ts';

/** What an execution that nothing disturbs costs: writes by kind of item, messages. */
async function costOf(source: unknown, advance: Advance) {
  const clock = new VirtualClock();
  const writes: Record<string, number> = {};
  let sends = 0;
  let status = '';
  const twin = new Twin({
    clock,
    advance,
    handlers: [
      defineNode({ type: 'echo', execute: (value: unknown) => value }),
      defineNode({ type: 'slow', execute: (value: unknown) => sleep(clock, 100).then(() => value) }),
    ],
    onChange: ({ key, after }) => {
      const type = itemType(key.sk);
      writes[type] = (writes[type] ?? 0) + 1;
      if (type === 'META' && after !== undefined) status = parseMeta(after).status;
    },
    onSend: () => sends++,
  });
  try {
    const plan = compile(source);
    twin.serve(plan);
    await twin.service.start({ definition: plan.definition, input: 'x' });
    await clock.runUntil(() => status === 'SUCCEEDED' || status === 'FAILED', 60_000);
    return { status, sends, ...writes };
  } finally {
    await twin.close();
  }
}

const echo = (...dependsOn: string[]) => aTask({ handler: 'echo', dependsOn, input: null });

describe('an execution whose runners hand on', () => {
  it('takes one message and one write a node for a chain, with its start and its end', async () => {
    expect(await costOf(chain(10), 'eager')).toEqual({ status: 'SUCCEEDED', sends: 1, META: 2, RESULT: 10 });
  });

  it('has the last finisher send a join, where it sees the other', async () => {
    const slow = aTask({ handler: 'slow', dependsOn: ['a'] });

    const cost = await costOf(aDefinition({ a: echo(), b: echo('a'), c: slow, d: echo('b', 'c') }), 'eager');

    // The scheduler heard of the first one, and had nothing to do.
    expect(cost).toEqual({ status: 'SUCCEEDED', sends: 2, META: 2, RESULT: 4, STATE: 1 });
  });

  it('leaves a join to the scheduler where two finish at once and neither sees the other', async () => {
    const cost = await costOf(aDefinition({ a: echo(), b: echo('a'), c: echo('a'), d: echo('b', 'c') }), 'eager');

    expect(cost).toMatchObject({ status: 'SUCCEEDED', sends: 3, META: 2, RESULT: 4 });
  });

  it('leaves a wide join to the scheduler, in batches', async () => {
    const cost = await costOf(fanOut(50), 'eager');

    expect(cost).toMatchObject({ status: 'SUCCEEDED', sends: 49, META: 2, RESULT: 50 });
  });

  it('gives the same results as one that the scheduler advances, which costs more', async () => {
    const [eager, stream] = [await costOf(chain(10), 'eager'), await costOf(chain(10), 'stream')];

    expect(stream).toEqual({ ...eager, sends: 10, STATE: 11 });
  });
});
