import { createDynamoClient } from '../../shared/adapters/aws/dynamo-client.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import type { BlobStore } from '../../shared/ports/blob-store.ts';
import { openStore } from '../../shared/store/store.ts';
import { openItemTable } from '../item-table.ts';
import { log } from '../log.ts';

const unreachable = (): Promise<never> => Promise.reject(new Error('The observer looks at no payload'));
/** It writes down what items say of their payloads, not what is in them: it has neither the grant nor the client. */
const noPayloads: BlobStore = { put: unreachable, get: unreachable };

export const clock = systemClock;
export const logger = log;
export const store = openStore(openItemTable(createDynamoClient()), noPayloads);
