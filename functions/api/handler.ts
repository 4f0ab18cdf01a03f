import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { routeKey } from '../../shared/api/route.ts';
import { isOperationId, type OperationId, ROUTES } from '../../shared/api/routes.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { bytesInAnswer } from '../../shared/executor/answer-room.ts';
import { LIMITS } from '../../shared/model/limits.ts';
import { logger } from '../runtime.ts';
import { answers } from './answers.ts';
import { toProblem } from './problem.ts';
import { serve } from './serve.ts';

/** A character may take so many bytes in an answer. */
const MAX_GROWTH = 3;
/** What Lambda takes, less the headers. */
const MAX_RESPONSE_BYTES = 6_290_000;

const operations = new Map<string, OperationId>(
  Object.keys(ROUTES).flatMap((id) => (isOperationId(id) ? [[routeKey(ROUTES[id]), id]] : [])),
);

const answer = <Id extends OperationId>(id: Id, event: APIGatewayProxyEventV2) => serve(ROUTES[id], answers[id], event);

/** Answers the HTTP API. */
export const handler = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  try {
    const id = operations.get(event.routeKey);
    if (id === undefined)
      throw new FanjoinError('ROUTE_NOT_FOUND', `There is no ${event.requestContext.http.method} ${event.rawPath}`);
    const [statusCode, value] = await answer(id, event);
    const body = JSON.stringify(value);
    // Answers of some size are few: only of these it is worth to look twice.
    if (body.length > LIMITS.maxAnswerBytes / MAX_GROWTH && bytesInAnswer(body) > MAX_RESPONSE_BYTES) {
      throw new FanjoinError(
        'RESPONSE_TOO_LARGE',
        "The answer is larger than a Lambda function may return (6 MB); ask for less of it with a smaller 'limit'",
      );
    }
    return { statusCode, headers: { 'content-type': 'application/json' }, body };
  } catch (error) {
    const problem = toProblem(error);
    if ((problem.statusCode ?? 500) >= 500) logger.error('request failed', { route: event.routeKey, error });
    return problem;
  }
};
