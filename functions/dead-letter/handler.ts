import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';
import { giveUpBatch } from './give-up-batch.ts';

const runner = new NodeRunner({
  store,
  dispatcher,
  clock,
  logger,
  handlers: new HandlerRegistry(),
  random: Math.random,
});

export const handler = (event: SQSEvent): Promise<SQSBatchResponse> => giveUpBatch({ runner, logger }, event);
