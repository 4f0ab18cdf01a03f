import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import locateStop, { planRoute } from '../../examples/reference/cache.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

const PLACE = { latitude: 48.1, longitude: 11.6 };
const aMap = () => Service.start(() => JSON.stringify(PLACE));
/** Of this run alone: what other tests keep is in the same cache. */
const stop = (mapUrl: string) => ({ address: randomUUID(), mapUrl });

onBothTwins((twin) => {
  it('reuses a node’s output for the same input in another execution, and says so', async () => {
    await using service = await aMap();
    await using executor = twin.open();
    const here = stop(service.url);

    const first = await executor.execute(locateStop, here);
    const second = await executor.execute(locateStop, here);
    const elsewhere = await executor.execute(locateStop, stop(service.url));

    const sources = [first, second, elsewhere].map(async ({ executionId }) =>
      (await executor.get(executionId).results()).results.map(({ source }) => source),
    );
    expect(await Promise.all(sources)).toEqual([['handler'], ['cache'], ['handler']]);
    expect(second.output).toEqual(PLACE);
    expect(service.bodies).toHaveLength(2);
  });

  it('gives a whole execution’s output again: the new one runs nothing, and names the old', async () => {
    await using service = await aMap();
    await using executor = twin.open();
    const here = stop(service.url);

    const first = await executor.execute(planRoute, here);
    const second = await executor.execute(planRoute, here);

    expect(first).toMatchObject({ output: PLACE, cachedFrom: undefined });
    expect(second).toMatchObject({
      status: 'SUCCEEDED',
      output: PLACE,
      cachedFrom: first.executionId,
      nodeExecutionOrder: [],
    });
    expect(second.executionId).not.toBe(first.executionId);
    expect(service.bodies).toHaveLength(1);
  });

  it('computes once what is started twice at the same time', async () => {
    await using service = await aMap();
    await using executor = twin.open();
    const here = stop(service.url);

    const results = await Promise.all(Array.from({ length: 5 }, () => executor.execute(planRoute, here)));

    expect(results.map(({ output }) => output)).toEqual(Array(5).fill(PLACE));
    expect(service.bodies).toHaveLength(1);
  });

  it('goes by the globals, too', async () => {
    await using service = await aMap();
    await using executor = twin.open();
    const here = stop(service.url);

    await executor.execute(planRoute, here, { globals: { traffic: 'light' } });
    const other = await executor.execute(planRoute, here, { globals: { traffic: 'heavy' } });

    expect(other.cachedFrom).toBeUndefined();
    expect(service.bodies).toHaveLength(2);
  });

  it('keeps no failure', async () => {
    await using service = await Service.start((request) => (request <= 2 ? 'no place' : JSON.stringify(PLACE)));
    await using executor = twin.open();
    const here = stop(service.url);

    const failed = [await executor.execute(planRoute, here), await executor.execute(locateStop, here)];
    const again = [await executor.execute(planRoute, here), await executor.execute(locateStop, here)];

    expect(failed.map(({ status }) => status)).toEqual(['FAILED', 'FAILED']);
    expect(again.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(service.bodies).toHaveLength(4);
  });

  it('forgets when its time to live is over', async ({ expect }) => {
    await using service = await Service.start(() => 'done');
    await using executor = twin.open();
    const node = { handler: 'test.call', cache: { ttlSeconds: 0.5 } };
    const execute = () => executor.execute({ name: 'short-lived', nodes: { only: node } }, { url: service.url });

    await execute();
    await expect.poll(execute, { timeout: 20_000 }).toSatisfy(() => service.bodies.length > 1);
  });
});
