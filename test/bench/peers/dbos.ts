import { DBOS } from '@dbos-inc/dbos-sdk';
import { assertResult, serveContender } from '../contenders/contender.ts';
import { installedVersion } from './installed.ts';
import { startPostgres } from './postgres.ts';

const echo = async (): Promise<string> => 'x';

const chain = DBOS.registerWorkflow(
  async () => {
    let value = '';
    for (let index = 0; index < 10; index++) value = await DBOS.runStep(echo, { name: `n${index}` });
    return value;
  },
  { name: 'chain' },
);
const fanOut = DBOS.registerWorkflow(
  async () => {
    const branches = Array.from({ length: 100 }, (_, index) => DBOS.runStep(echo, { name: `n${index}` }));
    const outputs = await Promise.all(branches);
    return DBOS.runStep(async () => outputs.length, { name: 'join' });
  },
  { name: 'fan-out' },
);

await serveContender(async () => {
  const postgres = await startPostgres();
  try {
    DBOS.setConfig({ name: 'fanjoin-bench', systemDatabaseUrl: `${postgres.url}dbos_bench`, logLevel: 'error' });
    await DBOS.launch();
  } catch (error) {
    await postgres.close();
    throw error;
  }
  return {
    version: await installedVersion('@dbos-inc/dbos-sdk'),
    durability: `PostgreSQL ${postgres.version} with fsync=on and synchronous_commit=on, its defaults: a commit for each step; a pool of 10 connections, DBOS's default`,
    pids: [postgres.pid],
    run: async (contest) => assertResult(contest, await (contest === 'chain:10' ? chain() : fanOut())),
    async close() {
      await DBOS.shutdown();
      await postgres.close();
    },
  };
});
