import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { FanjoinError, InvalidDefinitionError, InvalidInputError } from '../../shared/errors.ts';
import type { Problem } from '../../shared/model/problem.ts';

const STATUS: Readonly<Record<string, number>> = {
  INVALID_INPUT: 400,
  MALFORMED_JSON: 400,
  DUPLICATE_KEY: 400,
  INVALID_DEFINITION: 400,
  NOT_JSON: 400,
  ROUTE_NOT_FOUND: 404,
  EXECUTION_NOT_FOUND: 404,
  CHECKPOINT_NOT_FOUND: 404,
  INVALID_STATE: 409,
  EXECUTION_EXISTS: 409,
  REQUEST_TOO_LARGE: 413,
  PAYLOAD_TOO_LARGE: 413,
  RESPONSE_TOO_LARGE: 422,
  UNKNOWN_SECRET: 422,
};

/** An error as a problem document (RFC 9457), with our code. Only what fanjoin says on purpose is shown. */
export function toProblem(error: unknown): APIGatewayProxyStructuredResultV2 {
  const isOurs = error instanceof FanjoinError;
  const code = isOurs ? error.code : 'INTERNAL_ERROR';
  const status = STATUS[code] ?? (isOurs && error.retryable ? 503 : 500);
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
  };
  return {
    statusCode: status,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify(problem),
  };
}
