import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoItemTable } from '../shared/adapters/aws/dynamo-table.ts';
import { systemClock } from '../shared/adapters/local/system-clock.ts';
import type { ItemTable } from '../shared/ports/item-table.ts';
import { ExpiringTable } from '../shared/store/expiring-table.ts';
import { environment, retentionMs } from './environment.ts';

/** The stack's table, which forgets executions if it is to. */
export function openItemTable(client: DynamoDBClient): ItemTable {
  const table = new DynamoItemTable({ client, tableName: environment.TABLE_NAME });
  return retentionMs === undefined ? table : new ExpiringTable(table, { retentionMs, clock: systemClock });
}
