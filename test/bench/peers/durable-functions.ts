import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js';
import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing';
import { assertResult, serveContender } from '../contenders/contender.ts';
import { installedVersion } from './installed.ts';

const chain = withDurableExecution(async (_event: unknown, context: DurableContext) => {
  let value = '';
  for (let index = 0; index < 10; index++) value = await context.step(`n${index}`, async () => 'x');
  return value;
});
const fanOut = withDurableExecution(async (_event: unknown, context: DurableContext) => {
  const branches = Array.from({ length: 100 }, (_, index) => context.step(`n${index}`, async () => 'x'));
  const outputs = await Promise.all(branches);
  return context.step('join', async () => outputs.length);
});

await serveContender(async () => {
  await LocalDurableTestRunner.setupTestEnvironment({ skipTime: false });
  return {
    version: await installedVersion('@aws/durable-execution-sdk-js'),
    durability:
      'NONE: the local test runner keeps checkpoints in memory, behind HTTP in a worker thread. What AWS does instead is not here',
    pids: [],
    async run(contest) {
      const handlerFunction = contest === 'chain:10' ? chain : fanOut;
      const result = await new LocalDurableTestRunner({ handlerFunction }).run();
      assertResult(contest, result.getResult());
    },
    close: () => LocalDurableTestRunner.teardownTestEnvironment(),
  };
});
