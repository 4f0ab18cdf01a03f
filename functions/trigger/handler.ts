import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { ulid } from 'ulid';
import { secretNames } from '../../shared/adapters/aws/secret-names.ts';
import { ExecutionService } from '../../shared/executor/execution-service.ts';
import { TriggerStarter } from '../../shared/executor/trigger-starter.ts';
import { environment, exportsSpans } from '../environment.ts';
import { clock, logger, store } from '../runtime.ts';
import { startBatch } from './start-batch.ts';

const service = new ExecutionService({
  store,
  clock,
  pools: environment.POOLS,
  secrets: secretNames(environment.SECRET_NAMES),
  handlersVersion: () => environment.HANDLERS_VERSION,
  newId: ulid,
  exportsSpans,
});
const starter = new TriggerStarter(service);
const targets = new Map(environment.TRIGGER_QUEUES.map(({ queueArn, ...target }) => [queueArn, target]));

/** Starts workflows by what comes to the queue of the rules and schedules, and to queues of the application. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> => startBatch({ starter, logger, targets }, event);
