import { expect, it } from 'vitest';
import textMessage from '../../examples/reference/secrets.ts';
import { SECRETS } from './secret-values.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

const KEY = SECRETS['sms-api-key'];

onBothTwins((twin) => {
  it('reach the handler, and nothing that is kept or told', async () => {
    await using service = await Service.start(() => 'sent');
    await using executor = twin.open();
    const told: unknown[] = [];
    executor.callbacks.addHandler({
      onWorkflowStart: (...heard) => told.push(heard),
      onNodeStart: (...heard) => told.push(heard),
      onNodeComplete: (...heard) => told.push(heard),
    });

    const result = await executor.execute(
      textMessage,
      { to: 'Ada', text: 'Hello', gatewayUrl: service.url },
      { config: { traceExecution: true } },
    );

    const handle = executor.get(result.executionId);
    const results = await handle.results({ withOutputs: true });
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { sentTo: 'Ada' } });
    expect(service.headers[0]?.authorization).toBe(`Bearer ${KEY}`);
    expect(told.length).toBeGreaterThan(2);
    expect(JSON.stringify([told, result, results, await handle.history(), await handle.describe()])).not.toContain(KEY);
  });

  it('that a handler lets out in an error are taken out of it', async () => {
    await using service = await Service.start(() => ({ status: 401, body: `no customer has the key ${KEY}` }));
    await using executor = twin.open();

    const result = await executor.execute(textMessage, { to: 'Ada', text: 'Hello', gatewayUrl: service.url });

    expect(result).toMatchObject({
      status: 'FAILED',
      error: { name: 'GatewayRefused', message: 'no customer has the key [secret sms-api-key]' },
    });
  });

  it('that are not there are found before anything starts', async () => {
    await using executor = twin.open();
    const input = { url: 'http://127.0.0.1:9/', key: { $secret: 'no-such-key' } };

    const started = executor.start({ name: 'no-such-secret', nodes: { only: { handler: 'test.call', input } } }, null);

    await expect(started).rejects.toMatchObject({
      code: 'UNKNOWN_SECRET',
      issues: [{ path: 'nodes.only.input.key' }],
    });
  });
});
