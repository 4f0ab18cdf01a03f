import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../infra/local/emulators.ts';
import { DynamoItemTable } from '../../shared/adapters/aws/dynamo-table.ts';
import { openDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import type { WorkflowExecutorOptions } from '../../shared/executor/executor-options.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import { ADVANCE } from '../support/advance.ts';
import { handlers } from './handlers.ts';
import { POOLS } from './pools.ts';
import { SECRETS } from './secret-values.ts';
import type { SharedStack } from './stack.ts';

/** What both twins take of an executor's options. */
export interface OpenOptions extends Pick<WorkflowExecutorOptions, 'config' | 'logLevel' | 'tracing'> {
  /** Names what it keeps. Default: nothing that another executor could find. */
  readonly store?: string;
}

/** Where executions run: in this process, or on the stack. */
export interface Twin {
  /** Of the stack; absent for this process. */
  readonly endpoint: string | undefined;
  /** What another process needs in its environment to be let in there. */
  readonly environment: Readonly<Record<string, string>>;
  /** An executor. Locally, one that is opened with the `store` of another that was closed finds what that one kept. */
  open(options?: OpenOptions): WorkflowExecutor;
  /** Writes an item as it is, past everything that checks it. */
  put(store: string, item: Item): Promise<void>;
}

/**
 * Runs tests on both twins, under the same names: `local › …` and `aws › …`. Without Java those on AWS are skipped. They run
 * side by side: what they share is the stack, so that each needs ids, names and inputs of its own.
 */
export function onBothTwins(body: (twin: Twin) => void): void {
  const stack = inject('stack');
  describe('local', { concurrent: true }, () => body(aLocalTwin()));
  describe.skipIf(stack === undefined)('aws', { concurrent: true }, () => body(anAwsTwin(stack)));
}

function aLocalTwin(): Twin {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fanjoin-reference-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const fileOf = (store: string) => join(folder, `${store}.db`);
  return {
    endpoint: undefined,
    environment: {},
    open: ({ store, ...options } = {}) =>
      new WorkflowExecutor({
        ...{ handlers, pools: POOLS, secrets: SECRETS, advance: ADVANCE },
        ...(store !== undefined && { database: fileOf(store) }),
        ...options,
      }),
    async put(store, item) {
      const database = openDatabase(fileOf(store), { mode: 'client', clock: systemClock });
      await new SqliteItemTable(database).put(item);
      await database.close();
    },
  };
}

function anAwsTwin({ connection, environment, dynamoEndpoint, tableName }: SharedStack = NO_STACK): Twin {
  const client = new DynamoDBClient({ region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS, endpoint: dynamoEndpoint });
  afterAll(() => client.destroy());
  return {
    endpoint: connection.endpoint,
    environment,
    open: ({ store: _store, ...options } = {}) => new WorkflowExecutor({ ...connection, ...options }),
    async put(_store, item) {
      await new DynamoItemTable({ client, tableName }).put(item);
    },
  };
}

/** For tests that are skipped. */
const NO_STACK: SharedStack = {
  connection: { endpoint: '', region: '', credentials: { accessKeyId: '', secretAccessKey: '' } },
  environment: {},
  dynamoEndpoint: '',
  tableName: '',
};
