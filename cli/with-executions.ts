import { existsSync } from 'node:fs';
import { didYouMean } from '../shared/closest.ts';
import { FanjoinError } from '../shared/errors.ts';
import type { Executions } from '../shared/executor/executions.ts';
import { openExecutions, type Place, type PlaceOptions } from './connect.ts';
import { commandFor, commandWith } from './suggest.ts';

/** Executions looked at for ids and names like one that is not there. */
const LOOKED_AT = 1_000;

/** Works with the executions of a place. Where there is no database, none is made: `undefined`. */
export async function withExecutions<T>(
  place: Place,
  task: (executions: Executions) => Promise<T>,
): Promise<T | undefined> {
  if (place.endpoint === undefined && !existsSync(place.database)) return undefined;
  const executions = openExecutions(place);
  try {
    return await task(executions);
  } finally {
    await executions.close();
  }
}

/**
 * The same for one execution.
 * @param options as given: they stand in the commands suggested
 * @throws {FanjoinError} `EXECUTION_NOT_FOUND`, with what may have been meant and where to look
 */
export async function withExecution<T>(
  place: Place,
  executionId: string,
  options: PlaceOptions,
  task: (executions: Executions) => Promise<T>,
): Promise<T> {
  const done = await withExecutions(place, async (executions) => {
    try {
      return { value: await task(executions) };
    } catch (error) {
      if (!hasCode(error, 'EXECUTION_NOT_FOUND')) throw error;
      throw executionNotFound(executionId, options, await similarExecution(executions, executionId), error);
    }
  });
  if (done === undefined) throw executionNotFound(executionId, options);
  return done.value;
}

/** The same for one checkpoint. @throws {FanjoinError} `CHECKPOINT_NOT_FOUND`, with what may have been meant and where to look */
export async function withCheckpoint<T>(
  place: Place,
  checkpointId: string,
  options: PlaceOptions,
  task: (executions: Executions) => Promise<T>,
): Promise<T> {
  const executionId = checkpointId.replace(/\.[^.]*$/, '');
  const done = await withExecutions(place, async (executions) => {
    try {
      return { value: await task(executions) };
    } catch (error) {
      if (!hasCode(error, 'CHECKPOINT_NOT_FOUND')) throw error;
      const known = await executions.checkpoints(executionId).catch(() => undefined);
      if (known === undefined)
        throw executionId === checkpointId
          ? checkpointNotFound(checkpointId, '', commandWith('list', [], options), error)
          : executionNotFound(executionId, options, await similarExecution(executions, executionId), error);
      const ids = known.map((checkpoint) => checkpoint.checkpointId);
      const look = commandFor('checkpoint list', executionId, options);
      throw checkpointNotFound(checkpointId, didYouMean(checkpointId, ids), look, error);
    }
  });
  if (done === undefined) throw checkpointNotFound(checkpointId, '', commandWith('list', [], options));
  return done.value;
}

async function similarExecution(executions: Executions, executionId: string): Promise<string> {
  const known = await executions.list({ limit: LOOKED_AT }).catch(() => ({ executions: [] }));
  return didYouMean(
    executionId,
    known.executions.map((execution) => execution.executionId),
  );
}

/** What to say of a workflow no execution of which was found. */
export async function similarWorkflow(executions: Executions, workflow: string): Promise<string> {
  const known = await executions.list({ limit: LOOKED_AT });
  const names = new Set(known.executions.map((execution) => execution.workflow));
  return names.has(workflow) ? '' : didYouMean(workflow, names);
}

const hasCode = (error: unknown, code: string): boolean => error instanceof FanjoinError && error.code === code;

const executionNotFound = (executionId: string, options: PlaceOptions, meant = '', cause?: unknown): FanjoinError =>
  new FanjoinError(
    'EXECUTION_NOT_FOUND',
    `There is no execution '${executionId}' here.${meant} See what there is with: ${commandWith('list', [], options)}`,
    { cause, details: { executionId } },
  );

/** @param look the command that lists what there is */
const checkpointNotFound = (checkpointId: string, meant: string, look: string, cause?: unknown): FanjoinError =>
  new FanjoinError(
    'CHECKPOINT_NOT_FOUND',
    `There is no checkpoint '${checkpointId}' here.${meant} See what there is with: ${look}`,
    { cause, details: { checkpointId } },
  );
