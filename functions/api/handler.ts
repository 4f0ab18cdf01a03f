import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { ulid } from 'ulid';
import * as z from 'zod';
import { secretNames } from '../../shared/adapters/aws/secret-names.ts';
import { zodIssues } from '../../shared/core/compile.ts';
import { FanjoinError, InvalidInputError } from '../../shared/errors.ts';
import { ExecutionService } from '../../shared/executor/execution-service.ts';
import { untilEvents } from '../../shared/executor/follow-events.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { LIMITS } from '../../shared/model/limits.ts';
import { DEFAULT_STACK } from '../../shared/observability/billed-operations.ts';
import { environment, exportsSpans } from '../environment.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';
import { parseBody } from './body.ts';
import { toProblem } from './problem.ts';
import { EventsQuery, ListQuery, MetricsQuery, parseQuery, ResultsQuery } from './queries.ts';

const service = new ExecutionService({
  store,
  clock,
  pools: environment.POOLS,
  secrets: secretNames(environment.SECRET_NAMES),
  handlersVersion: () => environment.HANDLERS_VERSION,
  newId: ulid,
  billedStack: {
    runnerMemoryMb: environment.RUNNER_MEMORY_MB ?? DEFAULT_STACK.runnerMemoryMb,
    lifecycleEvents: environment.LIFECYCLE_EVENTS ?? DEFAULT_STACK.lifecycleEvents,
  },
  exportsSpans,
  dispatcher,
  advance: environment.ADVANCE,
});

type Route = (event: APIGatewayProxyEventV2, executionId: string) => Promise<[status: number, body: unknown]>;

/** The id of the execution that begins there, should one begin: chosen by the client, the request can be repeated. */
const ResumeOptions = z.strictObject({ executionId: ExecutionId.optional() });

const PauseOptions = z.strictObject({ before: z.string().exactOptional() });

const routes: Readonly<Record<string, Route>> = {
  'POST /executions': async (event) => {
    const request = parseBody(event.body, event.isBase64Encoded);
    const caller = exportsSpans ? (await import('./caller.ts')).callerOf(event) : {};
    const { executionId, isNew } = await service.start(request, {}, caller);
    return [isNew ? 201 : 200, { executionId }];
  },
  'GET /executions/{executionId}': async (_event, id) => [200, await service.describe(id)],
  'GET /executions/{executionId}/outcome': async (_event, id) => [200, await service.outcome(id)],
  'GET /executions/{executionId}/results': async ({ queryStringParameters }, id) => {
    const { outputs, ...page } = parseQuery(ResultsQuery, queryStringParameters);
    return [200, await service.results(id, { ...page, withOutputs: outputs })];
  },
  'GET /executions/{executionId}/events': async ({ queryStringParameters }, id) => {
    const { waitSeconds, ...page } = parseQuery(EventsQuery, queryStringParameters);
    return [200, await untilEvents(() => service.history(id, page), { clock, waitMs: waitSeconds * 1_000 })];
  },
  'GET /executions/{executionId}/definition': async (_event, id) => [200, await service.definition(id)],
  'GET /executions/{executionId}/billed-operations': async (_event, id) => [200, await service.billedOperations(id)],
  'GET /executions': async ({ queryStringParameters }) => [
    200,
    await service.list(parseQuery(ListQuery, queryStringParameters)),
  ],
  'GET /workflows/{workflow}/metrics': async ({ pathParameters, queryStringParameters }) => {
    const range = parseQuery(MetricsQuery, queryStringParameters);
    return [200, await service.metrics(pathParameters?.workflow ?? '', range)];
  },
  'POST /executions/{executionId}/cancel': async (_event, id) => [
    202,
    await service.cancel(id).then(() => service.describe(id)),
  ],
  'POST /executions/{executionId}/pause': async ({ body, isBase64Encoded }, id) => {
    const options = PauseOptions.safeParse(body === undefined ? {} : parseBody(body, isBase64Encoded));
    if (!options.success) throw new InvalidInputError('The pause', zodIssues(options.error));
    await service.pause(id, options.data);
    return [202, await service.describe(id)];
  },
  'POST /executions/{executionId}/resume': async (_event, id) => [
    202,
    await service.resume(id).then(() => service.describe(id)),
  ],
  'GET /executions/{executionId}/checkpoints': async (_event, id) => [200, await service.checkpoints(id)],
  'GET /checkpoints/{checkpointId}': async ({ pathParameters }) => [
    200,
    await service.checkpoint(pathParameters?.checkpointId ?? ''),
  ],
  'POST /checkpoints/{checkpointId}/resume': async ({ pathParameters, body, isBase64Encoded }) => {
    const options = ResumeOptions.safeParse(body === undefined ? {} : parseBody(body, isBase64Encoded));
    if (!options.success) throw new InvalidInputError('The resume', zodIssues(options.error));
    const newId = options.data.executionId ?? ExecutionId.parse(ulid(clock.nowMs()));
    const { executionId, isNew } = await service.resumeCheckpoint(pathParameters?.checkpointId ?? '', newId);
    return [isNew ? 201 : 200, { executionId }];
  },
  'POST /executions/{executionId}/redrive': async (_event, id) => [
    202,
    await service.redrive(id).then(() => service.describe(id)),
  ],
};

/** Answers the HTTP API. */
export const handler = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  try {
    const route = routes[event.routeKey];
    if (route === undefined)
      throw new FanjoinError('ROUTE_NOT_FOUND', `There is no ${event.requestContext.http.method} ${event.rawPath}`);
    const [statusCode, value] = await route(event, event.pathParameters?.executionId ?? '');
    const body = JSON.stringify(value);
    if (Buffer.byteLength(body) > LIMITS.maxRequestBytes) {
      throw new FanjoinError(
        'RESPONSE_TOO_LARGE',
        'The answer is larger than a Lambda function may return (6 MB); ask for results in pages',
      );
    }
    return { statusCode, headers: { 'content-type': 'application/json' }, body };
  } catch (error) {
    const problem = toProblem(error);
    if ((problem.statusCode ?? 500) >= 500) logger.error('request failed', { route: event.routeKey, error });
    return problem;
  }
};
