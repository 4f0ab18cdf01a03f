import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { CLOUDWATCH_METRICS } from '../../shared/observability/cloudwatch-metrics.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { cloudWatch } from '../cloudwatch.ts';
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

export const handler = async (event: SQSEvent): Promise<SQSBatchResponse> => {
  const response = await giveUpBatch({ runner, logger }, event);
  // What failed comes again, and counts then.
  cloudWatch?.tell([[CLOUDWATCH_METRICS.deadLetters, event.Records.length - response.batchItemFailures.length]]);
  return response;
};
