import * as z from 'zod';
import {
  CheckpointNotFoundError,
  ExecutionExistsError,
  ExecutionNotFoundError,
  FanjoinError,
  InvalidDefinitionError,
  InvalidInputError,
  InvalidStateError,
  type Issue,
  WorkflowNotFoundError,
} from '../errors.ts';
import type { Problem } from '../model/problem.ts';

const Details = {
  checkpoint: z.object({ checkpointId: z.string() }),
  workflow: z.object({ workflow: z.string(), version: z.string() }),
  definition: z.object({ workflow: z.string() }),
  execution: z.object({ executionId: z.string() }),
  state: z.object({ executionId: z.string(), status: z.string(), action: z.string() }),
};

/** The error the other side had, of the same class as it would have here. */
export function errorOf({ title: code, detail, issues = [], details }: Problem): FanjoinError {
  return knownError(code, issues, details) ?? new FanjoinError(code, detail, details === undefined ? {} : { details });
}

function knownError(code: string, issues: readonly Issue[], details: Problem['details']): FanjoinError | undefined {
  switch (code) {
    case 'EXECUTION_NOT_FOUND':
      return built(Details.execution, details, ({ executionId }) => new ExecutionNotFoundError(executionId));
    case 'EXECUTION_EXISTS':
      return built(Details.execution, details, ({ executionId }) => new ExecutionExistsError(executionId));
    case 'WORKFLOW_NOT_FOUND':
      return built(Details.workflow, details, ({ workflow, version }) => new WorkflowNotFoundError(workflow, version));
    case 'CHECKPOINT_NOT_FOUND':
      return built(Details.checkpoint, details, ({ checkpointId }) => new CheckpointNotFoundError(checkpointId));
    case 'INVALID_STATE':
      return built(
        Details.state,
        details,
        ({ executionId, status, action }) => new InvalidStateError(executionId, status, action),
      );
    case 'INVALID_DEFINITION':
      return built(Details.definition, details, ({ workflow }) => new InvalidDefinitionError(workflow, issues));
    case 'INVALID_INPUT':
    case 'UNKNOWN_SECRET':
      return issues.length > 0 ? new InvalidInputError('The request', issues, code) : undefined;
    default:
      return undefined;
  }
}

/** `undefined` if the details are not those of this error: an endpoint of another version. */
function built<Details>(
  schema: z.ZodType<Details>,
  details: unknown,
  build: (details: Details) => FanjoinError,
): FanjoinError | undefined {
  const parsed = schema.safeParse(details);
  return parsed.success ? build(parsed.data) : undefined;
}
