import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenWorkflow } from 'openworkflow';
import { BackendSqlite } from 'openworkflow/sqlite';
import { assertResult, type Contest, serveContender } from '../contenders/contender.ts';
import { installedVersion } from './installed.ts';

const CONCURRENCY = 32;

await serveContender(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanjoin-bench-openworkflow-'));
  const backend = BackendSqlite.connect(join(folder, 'openworkflow.db'));
  const workflows = new OpenWorkflow({ backend });
  const ended = new Map<string, (output: unknown) => void>();
  const chain = workflows.defineWorkflow<{ key: string }, string>({ name: 'chain' }, async ({ input, step }) => {
    let value = 'x';
    for (let index = 0; index < 10; index++) value = await step.run({ name: `n${index}` }, () => value);
    ended.get(input.key)?.(value);
    return value;
  });
  const fanOut = workflows.defineWorkflow<{ key: string }, number>({ name: 'fan-out' }, async ({ input, step }) => {
    const branches = Array.from({ length: 100 }, (_, index) => step.run({ name: `n${index}` }, () => 'x'));
    const outputs = await Promise.all(branches);
    const count = await step.run({ name: 'join' }, () => outputs.length);
    ended.get(input.key)?.(count);
    return count;
  });
  const worker = workflows.newWorker({ concurrency: CONCURRENCY });
  await worker.start();
  let next = 0;
  return {
    version: await installedVersion('openworkflow'),
    durability:
      'SQLite, WAL, synchronous=FULL (its driver’s default): a sync for each start and end of a step. Until the last step’s end: its client asks for a result once a second',
    pids: [],
    async run(contest: Contest) {
      const key = String(next++);
      const { promise, resolve } = Promise.withResolvers<unknown>();
      ended.set(key, resolve);
      if (contest === 'chain:10') await chain.run({ key });
      else await fanOut.run({ key });
      assertResult(contest, await promise);
      ended.delete(key);
    },
    async close() {
      await worker.stop();
      await backend.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
