import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { createDynamoClient } from '../../shared/adapters/aws/dynamo-client.ts';
import { DynamoItemTable } from '../../shared/adapters/aws/dynamo-table.ts';
import { S3BlobStore } from '../../shared/adapters/aws/s3-blobs.ts';
import { createS3Client } from '../../shared/adapters/aws/s3-client.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { DefinitionSource } from '../../shared/executor/start-request.ts';
import { WorkflowService } from '../../shared/executor/workflow-service.ts';
import { openStore } from '../../shared/store/store.ts';
import { environment } from '../environment.ts';

const store = openStore(
  new DynamoItemTable({ client: createDynamoClient(), tableName: environment.TABLE_NAME }),
  new S3BlobStore({ client: createS3Client(), bucket: environment.BUCKET_NAME }),
);
const workflows = new WorkflowService({ store, clock: systemClock, pools: undefined });

/** Publishes what was deployed beside it. A definition that is its workflow's latest version already stays so. */
export const handler = async (): Promise<void> => {
  const file = new URL('workflows.json', import.meta.url);
  for (const definition of z.array(DefinitionSource).parse(JSON.parse(readFileSync(file, 'utf8'))))
    await workflows.publish(definition);
};
