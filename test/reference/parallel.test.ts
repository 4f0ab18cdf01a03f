import { expect, it } from 'vitest';
import tripOffer from '../../examples/reference/parallel.ts';
import { called, failing, given } from './definitions.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('joins what nodes side by side gave, by their ids', async () => {
    await using executor = twin.open();

    const result = await executor.execute(tripOffer, { city: 'Porto', nights: 4, travellers: 2 });

    expect(result).toMatchObject({
      status: 'SUCCEEDED',
      output: { parts: ['flight', 'hotel', 'car'], cents: 24_000 + 36_000 + 16_000 },
    });
    expect(result.nodeExecutionOrder.at(-1)).toBe('offer');
  });

  it('skips a node whose runIf is false; the nodes behind it receive null in its place', async () => {
    await using executor = twin.open();

    const result = await executor.execute(tripOffer, { city: 'Porto', nights: 2, travellers: 2 });

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { parts: ['flight', 'hotel'], cents: 42_000 } });
    expect(result.nodeExecutionOrder).not.toContain('car');
  });

  it('gives a node the workflow’s input, its one parent’s output, or the outputs of several by id', async () => {
    await using executor = twin.open();

    const result = await executor.execute(
      {
        name: 'given-in-parallel',
        nodes: {
          root: given({ input: { from: '{% $ %}' } }),
          child: given({ dependsOn: ['root'] }),
          join: given({ dependsOn: ['root', 'child'] }),
          alone: given(),
        },
      },
      'begin',
    );

    expect(result.output).toEqual({
      join: { root: { from: 'begin' }, child: { from: 'begin' } },
      alone: 'begin',
    });
  });

  it('gives the one last node’s output, or the outputs of several by id', async () => {
    await using executor = twin.open();
    const nodes = { first: given(), last: given({ dependsOn: ['first'], input: 'the end' }) };

    const [one, several] = await Promise.all([
      executor.execute({ name: 'one-last-node', nodes }, 'begin'),
      executor.execute({ name: 'two-last-nodes', nodes: { ...nodes, other: given() } }, 'begin'),
    ]);

    expect(one.output).toBe('the end');
    expect(several.output).toEqual({ last: 'the end', other: 'begin' });
  });

  it('starts a node when its own dependencies are done, not when its level is', async () => {
    const slow = Promise.withResolvers<string>();
    await using service = await Service.start((_request, node) => (node === 'slow' ? slow.promise : 'done'));
    await using executor = twin.open();

    const handle = await executor.start(
      {
        name: 'no-levels',
        nodes: {
          slow: called(),
          quick: called(),
          second: called({ dependsOn: ['quick'] }),
          third: called({ dependsOn: ['second'] }),
          join: given({ dependsOn: ['slow', 'third'] }),
        },
      },
      { url: service.url },
    );
    await service.requests(4);
    const askedWhileSlowRan = [...service.bodies];
    slow.resolve('done');
    const { nodeExecutionOrder } = await handle.result();

    expect(askedWhileSlowRan).toContain('third');
    expect(nodeExecutionOrder.at(-1)).toBe('join');
  });

  it('runs or skips a node as its trigger rule says', async () => {
    await using executor = twin.open();
    const on = (triggerRule: string, ...dependsOn: string[]) => given({ triggerRule, dependsOn, input: 'ran' });

    const { status, nodeExecutionOrder } = await executor.execute(
      {
        name: 'trigger-rules',
        nodes: {
          good: given(),
          fine: given(),
          bad: failing('Bad'),
          worse: failing('Worse'),
          skipped: given({ runIf: '{% false %}' }),
          allSuccess: on('all_success', 'good', 'fine'),
          notAllSuccess: on('all_success', 'good', 'bad'),
          noSuccessIfSkipped: on('all_success', 'good', 'skipped'),
          allFailed: on('all_failed', 'bad', 'worse'),
          notAllFailed: on('all_failed', 'good', 'bad'),
          allDone: on('all_done', 'good', 'bad', 'worse', 'skipped'),
          anySuccess: on('any_success', 'good', 'bad'),
          noSuccess: on('any_success', 'bad', 'skipped'),
          anyFailed: on('any_failed', 'good', 'bad'),
          noneFailedAnywhere: on('any_failed', 'good', 'skipped'),
          noneFailed: on('none_failed', 'good', 'skipped'),
          someFailed: on('none_failed', 'good', 'bad'),
        },
      },
      null,
    );

    expect(status).toBe('SUCCEEDED');
    expect(nodeExecutionOrder.filter((node) => !['good', 'fine', 'bad', 'worse'].includes(node)).sort()).toEqual([
      'allDone',
      'allFailed',
      'allSuccess',
      'anyFailed',
      'anySuccess',
      'noneFailed',
    ]);
  });

  it('fails with the first node that fails for good: no new node starts, running ones are told to stop', async () => {
    const running = Promise.withResolvers<string>();
    await using service = await Service.start(async (_request, node) => {
      if (node === 'running') return running.promise;
      await service.requests(2);
      return { status: 500, body: 'SoldOut' };
    });
    await using executor = twin.open();

    const result = await executor.execute(
      {
        name: 'fails-beside-others',
        nodes: { running: called(), broken: called(), never: given({ dependsOn: ['running'] }) },
      },
      { url: service.url },
    );
    await service.aborts(1);

    expect(result).toMatchObject({
      status: 'FAILED',
      success: false,
      failedNode: 'broken',
      error: { name: 'SoldOut' },
    });
    expect(result.nodeExecutionOrder).not.toContain('never');
    expect(result.partialResults).toEqual({});
  });
});
