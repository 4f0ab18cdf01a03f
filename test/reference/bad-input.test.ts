import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import locateStop, { planRoute } from '../../examples/reference/cache.ts';
import encodeVideo from '../../examples/reference/cancel.ts';
import restoreBackup from '../../examples/reference/checkpoints.ts';
import invoice from '../../examples/reference/sequential.ts';
import { InvalidDefinitionError } from '../../shared/errors.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { cacheHash } from '../../shared/store/cache-store.ts';
import { failing, given } from './definitions.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it.for(['pause', 'resume', 'cancel', 'redrive'] as const)(
    'to %s an execution that succeeded is refused with its state, and changes nothing',
    async (action) => {
      await using executor = twin.open();
      const handle = await executor.start(invoice, { lines: [] });
      const before = await handle.result();

      await expect(handle[action]()).rejects.toMatchObject({
        name: 'InvalidStateError',
        code: 'INVALID_STATE',
        details: { status: 'SUCCEEDED', action },
      });

      expect(await handle.result()).toEqual(before);
    },
  );

  it.for(['resume', 'redrive'] as const)('to %s an execution that runs is refused with its state', async (action) => {
    await using service = await Service.start(() => new Promise(() => undefined));
    await using executor = twin.open();
    const handle = await executor.start(encodeVideo, { file: 'ship.mov', seconds: 4, encoderUrl: service.url });
    await service.requests(1);

    await expect(handle[action]()).rejects.toMatchObject({
      code: 'INVALID_STATE',
      details: { status: 'RUNNING', action },
    });

    await handle.cancel();
    await handle.result();
  });

  it('a pause of what is paused, and before a node that does not exist, is refused', async () => {
    await using service = await Service.start(() => new Promise(() => undefined));
    await using executor = twin.open();
    const handle = await executor.start(encodeVideo, { file: 'ship.mov', seconds: 4, encoderUrl: service.url });
    await service.requests(1);
    await handle.pause();

    await expect(handle.pause()).rejects.toMatchObject({ code: 'INVALID_STATE', details: { status: 'PAUSED' } });
    await expect(handle.pause({ before: 'publish' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      issues: [{ path: 'before', code: 'UNKNOWN_NODE' }],
    });

    await handle.cancel();
    await handle.result();
  });

  it('an execution that is not there is not found, whatever is asked of it', async () => {
    await using executor = twin.open();
    const asks = ['describe', 'results', 'history', 'pause', 'resume', 'cancel', 'redrive'] as const;

    for (const id of ['nobody', 'no/body', '..', ''])
      for (const ask of asks)
        await expect(executor.get(id)[ask]()).rejects.toMatchObject({
          code: 'EXECUTION_NOT_FOUND',
          name: 'ExecutionNotFoundError',
        });
  });

  it('a checkpoint that is not there is not found', async () => {
    await using executor = twin.open();
    const { executionId } = await executor.execute(restoreBackup, { takenOn: '2026-02-28', rows: {} });

    for (const id of ['nobody.1', `${executionId}.999`, executionId, '..', ''])
      await expect(executor.resumeCheckpoint(id)).rejects.toMatchObject({
        code: 'CHECKPOINT_NOT_FOUND',
        name: 'CheckpointNotFoundError',
      });
  });

  it('an id that was used for something else is refused', async () => {
    await using executor = twin.open();
    const executionId = randomUUID();
    await executor.execute(invoice, { lines: [] }, { executionId });

    const lines = [{ item: 'lamp', quantity: 1, priceCents: 1 }];
    await expect(executor.start(invoice, { lines }, { executionId })).rejects.toMatchObject({
      code: 'EXECUTION_EXISTS',
    });
  });

  it('a pool that does not exist is found before anything starts', async () => {
    await using executor = twin.open();
    const definition = { name: 'no-such-pool', nodes: { only: { handler: 'test.call', pool: 'printers' } } };

    const issues = await issuesOf(executor.start(definition, null));

    expect(issues).toMatchObject([{ path: 'nodes.only.pool', code: 'UNKNOWN_POOL' }]);
    expect(issues[0]?.message).toMatch(/'printers'.+There are: default, /);
  });

  it('a retry policy that contradicts itself is refused, with its place and what to do', async () => {
    await using executor = twin.open();
    const nodes: DefinitionInput['nodes'] = {
      delays: { handler: 'test.call', retry: { intervalSeconds: 10, maxDelaySeconds: 5 } },
    };
    const names: DefinitionInput['nodes'] = {
      named: { handler: 'test.call', retry: { retryableErrors: ['Busy'], nonRetryableErrors: ['B*'] } },
      none: { handler: 'test.call', retry: { maxRetries: 0, retryableErrors: ['Busy'] } },
      empty: { handler: 'test.call', retry: { retryableErrors: [] } },
    };

    const issues = await Promise.all([
      issuesOf(executor.start({ name: 'contradictory-delays', nodes }, null)),
      issuesOf(executor.start({ name: 'contradictory-names', nodes: names }, null)),
    ]);

    expect(issues.flat().map(({ path, message }) => [path, message.split('; ')[1]])).toEqual([
      ['nodes.delays.retry.maxDelaySeconds', 'raise it or lower intervalSeconds'],
      ['nodes.named.retry.retryableErrors[0]', 'remove it from one of them'],
      ['nodes.none.retry.maxRetries', 'raise it, or leave retryableErrors out'],
      ['nodes.empty.retry.retryableErrors', 'leave it out to retry all, or set maxRetries to 0'],
    ]);
  });

  it('a workflow that cannot run is refused with every issue, each with its place', async () => {
    await using executor = twin.open();
    const nodes: DefinitionInput['nodes'] = {
      a: given({ dependsOn: ['b'] }),
      b: given({ dependsOn: ['a'] }),
      c: given({ dependsOn: ['nobody'] }),
    };

    const issues = await issuesOf(executor.start({ name: 'broken', nodes }, null));

    expect(issues.map(({ path, code }) => [path, code])).toEqual([
      ['nodes.c.dependsOn[0]', 'UNKNOWN_NODE'],
      ['nodes.a.dependsOn', 'CYCLE'],
    ]);
  });

  it('an input that its workflow’s schema does not take starts nothing', async () => {
    await using executor = twin.open();

    const started = executor.start(invoice, { lines: 'none' } as never);

    await expect(started).rejects.toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: 'lines' }] });
  });

  it('an entry of the cache that another version wrote is passed over', async () => {
    await using service = await Service.start(() => '{"latitude":1,"longitude":2}');
    const store = randomUUID();
    await using executor = twin.open({ store });
    const stop = { address: randomUUID(), mapUrl: service.url };
    const entry = { sk: 'RESULT', v: 0, result: 'of an older schema', expires: 9e12 };
    await twin.put(store, { ...entry, pk: `CACHE#${cacheHash('node', 'delivery.locate', '1', stop)}` });

    const first = await executor.execute(locateStop, stop);
    const second = await executor.execute(locateStop, stop);

    expect(first).toMatchObject({ status: 'SUCCEEDED', output: { latitude: 1, longitude: 2 } });
    const { results } = await executor.get(second.executionId).results();
    expect(results).toMatchObject([{ source: 'cache' }]);
    expect(service.bodies).toHaveLength(1);
  });

  it('an unhandled failure leaves the executor fit for the next execution', async () => {
    await using executor = twin.open();

    const failed = await executor.execute({ name: 'fails', nodes: { only: failing('Broken') } }, null);
    const next = await executor.execute(invoice, { lines: [] });

    expect(failed).toMatchObject({ status: 'FAILED', error: { name: 'Broken' } });
    expect(next.status).toBe('SUCCEEDED');
  });

  it('a handler that returns what is no JSON fails its node', async () => {
    await using service = await Service.start(() => 'no JSON at all');
    await using executor = twin.open();

    const result = await executor.execute(planRoute, { address: randomUUID(), mapUrl: service.url });

    expect(result).toMatchObject({ status: 'FAILED', failedNode: 'locate', error: { name: 'SyntaxError' } });
  });
});

/** What a start was refused for. */
async function issuesOf(started: Promise<unknown>) {
  const error = await started.then(
    () => undefined,
    (refusal: unknown) => refusal,
  );
  return error instanceof InvalidDefinitionError ? error.issues : [];
}
