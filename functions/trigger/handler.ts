import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { TriggerStarter } from '../../shared/executor/trigger-starter.ts';
import { environment } from '../environment.ts';
import { logger } from '../runtime.ts';
import { service } from '../service.ts';
import { startBatch } from './start-batch.ts';

const starter = new TriggerStarter(service);
const targets = new Map(environment.TRIGGER_QUEUES.map(({ queueArn, ...target }) => [queueArn, target]));

/** Starts workflows by what comes to the queue of the rules and schedules, and to queues of the application. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> => startBatch({ starter, logger, targets }, event);
