import type { CommandIo } from './command-io.ts';
import { placeOf } from './connect.ts';
import { lookAt, type TakeUpOptions, takeUp } from './take-up.ts';
import { withCheckpoint } from './with-executions.ts';

/** Goes on from a checkpoint and follows the execution that does so to its end; gives the exit code. */
export async function resumeCheckpoint(id: string, options: TakeUpOptions, io: CommandIo): Promise<number> {
  const place = placeOf(options, io);
  const { executionId } = await withCheckpoint(place, id, options, (executions) => executions.checkpoint(id));
  const source = await lookAt(place, executionId, options);
  return takeUp(place, source, (_handle, executor) => executor.resumeCheckpoint(id), options, io);
}
