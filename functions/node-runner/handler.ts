import type { Context, SQSBatchResponse } from 'aws-lambda';
import { handlers } from '#handlers';
import type { InvokeVersion } from '../../shared/adapters/aws/invoke-version.ts';
import { SecretsManagerStore } from '../../shared/adapters/aws/secrets-manager-store.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { environment } from '../environment.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';
import { PinnedVersions, type RunnerEvent } from './pinned-versions.ts';
import { runBatch } from './run-batch.ts';

const runner = new NodeRunner({
  store,
  dispatcher,
  clock,
  logger,
  secrets: new SecretsManagerStore(environment.SECRET_ARNS),
  handlers: new HandlerRegistry(handlers),
  random: Math.random,
  sharesReads: true,
});

const pins = new PinnedVersions({
  version: environment.HANDLERS_VERSION,
  // Loaded when it is needed: after a deploy, for executions that asked to be pinned.
  invoke: async (...call) => (await versions())(...call),
  runner,
  logger,
});

let loading: Promise<InvokeVersion> | undefined;
const versions = (): Promise<InvokeVersion> => {
  loading ??= import('../../shared/adapters/aws/invoke-version.ts').then(({ versionInvoker }) => versionInvoker());
  return loading;
};

export const handler = (event: RunnerEvent, context: Context): Promise<SQSBatchResponse> =>
  runBatch({ runner, logger, pins }, event, context);
