import { FanjoinError, InvalidInputError } from '../errors.ts';
import type { ExecutionConfig } from '../model/config.ts';
import type { MetaItem } from '../model/items.ts';
import { expiryOf } from '../store/expiring-table.ts';

/** @throws {InvalidInputError} an execution may take longer than it is kept */
export function assertKept({ timeoutSeconds }: ExecutionConfig, retentionMs: number): void {
  if (timeoutSeconds * 1_000 <= retentionMs) return;
  const message = `is longer than executions are kept here, ${retentionMs / 1_000} s; choose a shorter one, or give the stack a longer executionRetention`;
  throw new InvalidInputError('The execution config', [{ path: 'timeoutSeconds', code: 'TIMEOUT_TOO_LONG', message }]);
}

/** @throws {FanjoinError} `INVALID_STATE`: results that it would go on from may be gone before it ends */
export function assertStillKept(
  { executionId, startedAtMs }: MetaItem,
  deadlineAtMs: number,
  retentionMs: number,
): void {
  if (deadlineAtMs <= expiryOf(startedAtMs, retentionMs)) return;
  throw new FanjoinError(
    'INVALID_STATE',
    `Cannot redrive the execution '${executionId}': it is so old that its results may be deleted before it ends. Start it anew, with its input.`,
    { details: { executionId, startedAtMs } },
  );
}
