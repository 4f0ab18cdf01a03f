import type { AnswerOf, RequestOf } from '../../shared/api/route.ts';
import type { Routes } from '../../shared/api/routes.ts';
import { ExecutionExistsError, FanjoinError, InvalidInputError } from '../../shared/errors.ts';
import type { ExecutionService } from '../../shared/executor/execution-service.ts';
import type { StartRequest } from '../../shared/executor/start-request.ts';
import type { Caller } from '../../shared/tracing/execution-trace.ts';

type Start = Routes['startExecution'];

/** Starts an execution and, if asked to, waits for its end. */
export async function startExecution(
  service: ExecutionService,
  { body, headers: { 'idempotency-key': key }, query: { wait } }: RequestOf<Start>,
  caller: Caller,
): Promise<AnswerOf<Start>> {
  const { executionId, isNew } = await (key === undefined
    ? service.start(body, {}, caller)
    : startOnce(service, body, key, caller));
  if (wait === 0) return [isNew ? 201 : 200, { executionId }];
  const outcome = await service.outcome(executionId, { waitMs: wait * 1_000 });
  return [outcome.description.isAtRest ? 200 : 202, { executionId, ...outcome }];
}

/** The key is the execution's id: the same one finds what it started. */
async function startOnce(
  service: ExecutionService,
  body: StartRequest,
  key: NonNullable<StartRequest['executionId']>,
  caller: Caller,
) {
  if (body.executionId !== undefined && body.executionId !== key) {
    const message = 'is another id than the Idempotency-Key; send one of the two';
    throw new InvalidInputError('The request', [{ path: 'executionId', code: 'INVALID_VALUE', message }]);
  }
  try {
    return await service.start({ ...body, executionId: key }, {}, caller);
  } catch (error) {
    if (!(error instanceof ExecutionExistsError)) throw error;
    throw new FanjoinError(
      'IDEMPOTENCY_KEY_REUSED',
      `The Idempotency-Key '${key}' was used before, with another request. Repeat that one as it was, or send this one with a new key.`,
      { cause: error, details: { executionId: key } },
    );
  }
}
