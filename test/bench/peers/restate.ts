import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http2';
import { createRequire } from 'node:module';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as restate from '@restatedev/restate-sdk';
import { assertResult, serveContender } from '../contenders/contender.ts';
import { installedVersion } from './installed.ts';
import { freePort, stopProcess, untilAnswers } from './server-process.ts';

const service = restate.service({
  name: 'bench',
  handlers: {
    chain: async (context: restate.Context) => {
      let value = '';
      for (let index = 0; index < 10; index++) value = await context.run(`n${index}`, () => 'x');
      return value;
    },
    fanOut: async (context: restate.Context) => {
      const branches = Array.from({ length: 100 }, (_, index) => context.run(`n${index}`, () => 'x'));
      const outputs = await restate.RestatePromise.all(branches);
      return context.run('join', () => outputs.length);
    },
  },
});

await serveContender(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanjoin-bench-restate-'));
  const require = createRequire(import.meta.url);
  const binary = require.resolve(`@restatedev/restate-server-${platform()}-${arch()}/bin/restate-server`);
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  const server = spawn(binary, ['--base-dir', folder, '--no-logo'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_BIND_PORT: String(node),
      RESTATE_INGRESS__BIND_PORT: String(ingress),
      RESTATE_ADMIN__BIND_PORT: String(admin),
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'error',
    },
  });
  const endpoint = createServer(restate.createEndpointHandler({ services: [service], logger: () => undefined })).listen(
    0,
    '127.0.0.1',
  );
  const close = async () => {
    endpoint.close();
    await stopProcess(server, 'SIGTERM');
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await once(endpoint, 'listening');
    const address = endpoint.address();
    if (address === null || typeof address === 'string') throw new Error('The endpoint has no port');
    const uri = `http://127.0.0.1:${address.port}`;
    await untilAnswers('Restate', server, async () => {
      await post(`http://127.0.0.1:${admin}/deployments`, { uri });
      await post(`http://127.0.0.1:${ingress}/bench/chain`);
    });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    version: await installedVersion('@restatedev/restate-server'),
    durability:
      'its log in RocksDB, synced to disk for each batch of entries (rocksdb-disable-wal-fsync = false, its default)',
    pids: [server.pid ?? 0],
    run: async (contest) =>
      assertResult(
        contest,
        await post(`http://127.0.0.1:${ingress}/bench/${contest === 'chain:10' ? 'chain' : 'fanOut'}`),
      ),
    close,
  };
});

async function post(url: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
