import { ExecutionNotFoundError } from '../errors.ts';
import { ExecutionId } from '../model/ids.ts';
import type { Standing } from '../store/execution-store.ts';
import type { Store } from '../store/store.ts';

/** An execution as it stands. @throws {ExecutionNotFoundError} there is none, or there can be none by this id */
export async function loadStanding(store: Store, executionId: string): Promise<Standing> {
  const id = ExecutionId.safeParse(executionId);
  const snapshot = id.success ? await store.executions.loadSnapshot(id.data) : undefined;
  if (snapshot === undefined) throw new ExecutionNotFoundError(executionId);
  return snapshot;
}
