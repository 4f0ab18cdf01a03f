import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { Advance } from '../../../shared/model/config.ts';
import { handlers } from '../handlers.ts';
import { workload } from '../workloads.ts';
import { assertResult, serveContender } from './contender.ts';

const advance = Advance.parse(process.argv[2]);

await serveContender(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fanjoin-bench-'));
  const executor = new WorkflowExecutor({ database: join(folder, 'bench.db'), advance, handlers });
  return {
    version: 'this one',
    durability: `SQLite, WAL, synchronous=FULL: a sync for each group of results; advance ${advance}`,
    pids: [],
    async run(contest) {
      const { definition, input } = workload(contest);
      const { success, output, error } = await executor.execute(definition, input);
      if (!success) throw new Error(`${contest} failed`, { cause: error });
      assertResult(contest, output);
    },
    async close() {
      await executor.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
