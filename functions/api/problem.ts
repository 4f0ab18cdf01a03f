import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { isProblemCode, PROBLEMS } from '../../shared/api/problems.ts';
import { FanjoinError, InvalidDefinitionError, InvalidInputError } from '../../shared/errors.ts';
import type { Problem } from '../../shared/model/problem.ts';

/** An error as a problem document (RFC 9457), with our code. Only what fanjoin says on purpose is shown. */
export function toProblem(error: unknown): APIGatewayProxyStructuredResultV2 {
  const isOurs = error instanceof FanjoinError;
  const code = isOurs ? error.code : 'INTERNAL_ERROR';
  const status = isProblemCode(code) ? PROBLEMS[code].status : isOurs && error.retryable ? 503 : 500;
  const issues =
    error instanceof InvalidDefinitionError || error instanceof InvalidInputError ? error.issues : undefined;
  const problem: Problem = {
    type: `urn:fanjoin:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: code,
    status,
    detail:
      status < 500 && error instanceof Error
        ? error.message
        : 'Something went wrong on our side; the function log has the details',
    ...(issues !== undefined && { issues: [...issues] }),
    ...(isOurs && status < 500 && issues === undefined && { details: error.details }),
    ...(error instanceof InvalidDefinitionError && { details: { workflow: error.details.workflow } }),
  };
  return {
    statusCode: status,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify(problem),
  };
}
