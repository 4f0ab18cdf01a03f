import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import encodeVideo from '../../examples/reference/cancel.ts';
import { Service } from './service.ts';
import { onBothTwins } from './twins.ts';

onBothTwins((twin) => {
  it('leaves nothing that keeps the process alive', async () => {
    const script = join(import.meta.dirname, 'close-process.ts');
    const child = spawn(process.execPath, [script, ...(twin.endpoint === undefined ? [] : [twin.endpoint])], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...twin.environment },
    });

    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);

    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(['invoice is complete', '{"netCents":0,"taxCents":0}']);
  });

  it('happens when a block with await using is left by an error: another executor can go on', async () => {
    await using service = await Service.start(() => new Promise(() => undefined));
    const store = randomUUID();
    const executionId = randomUUID();
    const brokenOff = async () => {
      await using executor = twin.open({ store });
      const input = { file: 'ship.mov', seconds: 4, encoderUrl: service.url };
      const handle = await executor.start(encodeVideo, input, { executionId });
      await service.requests(1);
      await handle.cancel();
      await handle.result();
      throw new Error('broken in the middle');
    };

    await expect(brokenOff()).rejects.toThrow('broken in the middle');

    await using next = twin.open({ store });
    expect(await next.get(executionId).describe()).toMatchObject({ status: 'CANCELLED' });
  });
});
