import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { handlers } from '#handlers';
import { SecretsManagerStore } from '../../shared/adapters/aws/secrets-manager-store.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { environment } from '../environment.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';
import { runBatch } from './run-batch.ts';

const runner = new NodeRunner({
  store,
  dispatcher,
  clock,
  logger,
  secrets: new SecretsManagerStore(environment.SECRET_ARNS),
  handlers: new HandlerRegistry(handlers),
  random: Math.random,
});

export const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  runBatch({ runner, logger }, event, context);
