import { expect, it } from 'vitest';
import party from '../../examples/reference/map.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

const guests = (...bad: number[]) =>
  Array.from({ length: 10 }, (_, n) => (bad.includes(n) ? `guest ${n}` : `guest${n}@example.com`));

onBothTwins((twin) => {
  it('gives the outputs in the order of the items, null for those that failed and may', async () => {
    await using executor = twin.open();

    const result = await executor.execute(party, { host: 'Ada', guests: guests(3, 7) });

    const { results } = await executor.get(result.executionId).results({ withOutputs: true });
    const invitations = results.find(({ nodeId }) => nodeId === 'invite');
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { invited: 8, failed: 2 } });
    expect(invitations?.output).toEqual(
      Array.from({ length: 10 }, (_, n) =>
        n === 3 || n === 7 ? null : `invitation ${n + 1} from Ada to guest${n}@example.com`,
      ),
    );
    expect(invitations?.failures?.map(({ index, error }) => [index, error.name])).toEqual([
      [3, 'BadAddress'],
      [7, 'BadAddress'],
    ]);
  });

  it('fails when more items fail than are tolerated', async () => {
    await using executor = twin.open();

    const result = await executor.execute(party, { host: 'Ada', guests: guests(1, 3, 7) });

    expect(result).toMatchObject({
      status: 'FAILED',
      failedNode: 'invite',
      error: { code: 'TOLERATED_FAILURE_EXCEEDED', cause: { name: 'BadAddress' } },
    });
  });

  it('tolerates so many failures by count, too', async () => {
    await using executor = twin.open();
    const execute = (toleratedFailureCount: number) => {
      const all = { type: 'map' as const, handler: 'test.behave', itemInput: { behaviour: '{% $item %}' } };
      const definition = { name: 'by-count', nodes: { all: { ...all, toleratedFailureCount } } };
      return executor.execute(definition, [{}, { fail: 'Bad' }, { fail: 'Worse' }]);
    };

    const [two, one] = await Promise.all([execute(2), execute(1)]);

    expect(two).toMatchObject({ status: 'SUCCEEDED', output: [{}, null, null] });
    expect(one).toMatchObject({ status: 'FAILED', error: { cause: { name: 'Bad' } } });
  });

  it('works in chunks: one message and one result for each', async () => {
    await using executor = twin.open();

    const { executionId } = await executor.execute(party, { host: 'Ada', guests: guests() });

    const events = [];
    for await (const event of executor.get(executionId).events()) events.push(event);
    expect(events.find(({ type }) => type === 'MapPlanned')).toMatchObject({ items: 10, chunks: 4 });
    expect(events.filter(({ type }) => type === 'ChunkSettled')).toHaveLength(4);
  });

  it('runs no more chunks at once than its maxConcurrency', async () => {
    const open = Promise.withResolvers<string>();
    await using service = await Service.start(() => open.promise);
    await using executor = twin.open();
    const node = {
      type: 'map' as const,
      handler: 'test.call',
      itemInput: { url: '{% $item %}' },
      maxConcurrency: 2,
    };

    const handle = await executor.start({ name: 'two-at-once', nodes: { all: node } }, Array(6).fill(service.url));
    await service.requests(2);

    const { progress } = await handle.describe();
    open.resolve('done');
    const result = await handle.result();

    expect(progress).toMatchObject({ inFlight: 2, maps: { all: { items: 6, chunks: 6, settledChunks: 0 } } });
    expect(result.output).toEqual(Array(6).fill('done'));
    expect(service.mostAtOnce).toBe(2);
  });

  it('gives an empty list for no items', async () => {
    await using executor = twin.open();

    const result = await executor.execute(party, { host: 'Ada', guests: [] });

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { invited: 0, failed: 0 } });
  });
});
