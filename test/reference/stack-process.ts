import { join } from 'node:path';
import { startLocalStack } from '../../infra/local/local-stack.ts';
import { Advance } from '../../shared/model/config.ts';
import { POOLS } from './pools.ts';
import { SECRETS } from './secret-values.ts';
import type { SharedStack } from './stack.ts';

/** Nodes that a test holds keep a batch each, and with it a poller; those of other tests must find one all the same. */
const BATCHES_AT_ONCE = 8;

/** The stack of the tests of this folder. Says where it is, and runs until its parent disconnects or is gone. */
const [collectorUrl = '', advance] = process.argv.slice(2);
const stack = await startLocalStack({
  handlersEntry: join(import.meta.dirname, 'handlers.ts'),
  pools: POOLS,
  advance: Advance.parse(advance),
  newSecrets: Object.keys(SECRETS),
  secretValues: SECRETS,
  maxConcurrency: BATCHES_AT_ONCE,
  tumblingWindowSeconds: 5,
  tracing: { otlpEndpoint: collectorUrl },
});
process.once('disconnect', async () => {
  await stack.stop();
  process.exit();
});
const { protocol = 'http:', hostname = '', port } = (await stack.clients.dynamo.config.endpoint?.()) ?? {};
const shared: SharedStack = {
  connection: stack.connection,
  environment: stack.environment,
  dynamoEndpoint: `${protocol}//${hostname}:${port}`,
  tableName: stack.tableNames[0] ?? '',
};
process.send?.(shared);
