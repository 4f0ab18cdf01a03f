import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import newsletter from '../../examples/reference/pause-and-resume.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

/** Stories that are told when the test says so. */
async function anEditorialOffice() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const service = await Service.start(() => promise);
  return { service, tell: () => resolve(JSON.stringify(['Rain', 'Sun'])) };
}

onBothTwins((twin) => {
  it('lets running nodes finish and starts no new one, until it is resumed', async () => {
    const { service, tell } = await anEditorialOffice();
    await using _stopped = service;
    await using executor = twin.open();
    const handle = await executor.start(newsletter, { title: 'Weather', storiesUrl: service.url });
    await service.requests(1);

    await handle.pause();
    tell();
    const paused = await handle.result();
    await handle.resume();
    const resumed = await handle.result();

    expect(paused).toMatchObject({
      status: 'PAUSED',
      paused: true,
      success: true,
      output: undefined,
      checkpointId: expect.any(String),
      nodeExecutionOrder: ['collect'],
      partialResults: { collect: { title: 'Weather', stories: ['Rain', 'Sun'] } },
    });
    expect(resumed).toMatchObject({
      status: 'SUCCEEDED',
      paused: false,
      output: { sent: 'Weather' },
      nodeExecutionOrder: ['collect', 'layOut', 'send'],
    });
    expect(service.bodies).toHaveLength(1);
  });

  it('pauses before a node that is named, and once only', async () => {
    const { service, tell } = await anEditorialOffice();
    await using _stopped = service;
    await using executor = twin.open();
    const handle = await executor.start(newsletter, { title: 'Weather', storiesUrl: service.url });
    await service.requests(1);

    await handle.pause({ before: 'send' });
    tell();
    const paused = await handle.result();
    await handle.resume();
    const resumed = await handle.result();

    expect(paused).toMatchObject({ status: 'PAUSED', nodeExecutionOrder: ['collect', 'layOut'] });
    expect(resumed).toMatchObject({ status: 'SUCCEEDED', nodeExecutionOrder: ['collect', 'layOut', 'send'] });
  });

  it('is what execute resolves with', async () => {
    const { service, tell } = await anEditorialOffice();
    await using _stopped = service;
    await using executor = twin.open();
    const executionId = randomUUID();
    const executed = executor.execute(newsletter, { title: 'Weather', storiesUrl: service.url }, { executionId });
    await service.requests(1);

    await executor.get(executionId).pause();
    tell();
    const result = await executed;

    expect(result).toMatchObject({ executionId, success: true, paused: true, checkpointId: expect.any(String) });
    expect((await executor.get(executionId).checkpoints()).at(-1)).toMatchObject({
      checkpointId: result.checkpointId,
      reason: 'pause',
    });
  });

  it('goes on in another executor, when the one that paused it is gone', async () => {
    const { service, tell } = await anEditorialOffice();
    await using _stopped = service;
    const store = randomUUID();
    const first = twin.open({ store });
    const handle = await first.start(newsletter, { title: 'Weather', storiesUrl: service.url });
    await service.requests(1);
    await handle.pause();
    tell();
    await handle.result();
    await first.close();

    await using second = twin.open({ store });
    const taken = second.get(handle.executionId);
    await taken.resume();
    const result = await taken.result();

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { sent: 'Weather' } });
    expect(service.bodies).toHaveLength(1);
  });
});
