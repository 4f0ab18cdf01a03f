import { ulid } from 'ulid';
import type { OperationId, Routes } from '../../shared/api/routes.ts';
import { untilEvents } from '../../shared/executor/follow-events.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { exportsSpans } from '../environment.ts';
import { clock } from '../runtime.ts';
import { service } from '../service.ts';
import { deadLetters } from './dead-letters.ts';
import type { Answer } from './serve.ts';
import { startExecution } from './start.ts';

/** What answers each route. */
export const answers: { readonly [Id in OperationId]: Answer<Routes[Id]> } = {
  startExecution: async (request, event) => {
    const caller = exportsSpans ? (await import('./caller.ts')).callerOf(event) : {};
    return startExecution(service, request, caller);
  },
  listExecutions: async ({ query }) => [200, await service.list(query)],
  describeExecution: async ({ params: { executionId } }) => [200, await service.describe(executionId)],
  getOutcome: async ({ params: { executionId }, query: { wait } }) => [
    200,
    await service.outcome(executionId, { waitMs: wait * 1_000 }),
  ],
  listResults: async ({ params: { executionId }, query: { outputs, ...page } }) => [
    200,
    await service.results(executionId, { ...page, withOutputs: outputs }),
  ],
  listEvents: async ({ params: { executionId }, query: { waitSeconds, ...page } }) => [
    200,
    await untilEvents(() => service.history(executionId, page), { clock, waitMs: waitSeconds * 1_000 }),
  ],
  getDefinition: async ({ params: { executionId } }) => [200, await service.definition(executionId)],
  getBilledOperations: async ({ params: { executionId } }) => [200, await service.billedOperations(executionId)],
  listCheckpoints: async ({ params: { executionId } }) => [200, await service.checkpoints(executionId)],
  cancelExecution: async ({ params: { executionId } }) => {
    await service.cancel(executionId);
    return [202, await service.describe(executionId)];
  },
  pauseExecution: async ({ params: { executionId }, body }) => {
    await service.pause(executionId, body);
    return [202, await service.describe(executionId)];
  },
  resumeExecution: async ({ params: { executionId } }) => {
    await service.resume(executionId);
    return [202, await service.describe(executionId)];
  },
  redriveExecution: async ({ params: { executionId }, body }) => {
    await service.redrive(executionId, body);
    return [202, await service.describe(executionId)];
  },
  getCheckpoint: async ({ params: { checkpointId } }) => [200, await service.checkpoint(checkpointId)],
  resumeCheckpoint: async ({ params: { checkpointId }, body }) => {
    const newId = body?.executionId ?? ExecutionId.parse(ulid(clock.nowMs()));
    const { executionId, isNew } = await service.resumeCheckpoint(checkpointId, newId);
    return [isNew ? 201 : 200, { executionId }];
  },
  publishWorkflow: async ({ body: { definition } }) => {
    const version = await service.workflows.publish(definition);
    return [version.isNew ? 201 : 200, version];
  },
  listWorkflows: async ({ query }) => [200, await service.workflows.list(query)],
  validateWorkflow: async ({ body: { definition } }) => [200, await service.workflows.validate(definition)],
  getWorkflow: async ({ params: { workflow }, query: { version } }) => [
    200,
    await service.workflows.describe(workflow, version),
  ],
  listVersions: async ({ params: { workflow }, query }) => [200, await service.workflows.versions(workflow, query)],
  listAliases: async ({ params: { workflow } }) => [200, await service.workflows.aliases(workflow)],
  setAlias: async ({ params: { workflow, alias }, body: { version } }) => [
    200,
    await service.workflows.setAlias(workflow, alias, version),
  ],
  getMetrics: async ({ params: { workflow }, query }) => [200, await service.metrics(workflow, query)],
  listDeadLetters: async ({ query }) => [200, await deadLetters.list(query)],
  redriveDeadLetters: async ({ body: { pool, ...options } }) => [200, await deadLetters.redrive(pool, options)],
  redriveDeadRecords: async ({ body }) => [200, await deadLetters.redriveRecords(body)],
  redriveDeadEvents: async ({ body }) => [200, await deadLetters.redriveEvents(body)],
  // Loaded when it is asked for: hardly ever.
  getOpenApi: async () => [200, (await import('../../shared/api/openapi.ts')).openApiDocument()],
};
