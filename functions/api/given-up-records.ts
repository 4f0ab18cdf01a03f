import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { requestSettings } from '../../shared/adapters/aws/request-settings.ts';
import { TableStream } from '../../shared/adapters/aws/table-stream.ts';
import type { GivenUpRecords } from '../../shared/executor/queue-dead-letters.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { Observer } from '../../shared/observability/observer.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { Reconciler } from '../../shared/scheduler/reconcile.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { executionIdOf } from '../../shared/store/keys.ts';
import { environment } from '../environment.ts';
import { openLifecycle } from '../observer/lifecycle.ts';
import { observeBatch } from '../observer/observe-batch.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';

const stream = new TableStream({
  client: new DynamoDBStreamsClient(requestSettings(5_000, 5)),
  streamArn: environment.STREAM_ARN,
});
const reconciler = new Reconciler({ store, scheduler: new Scheduler({ store, dispatcher, clock }) });
const lifecycle = await openLifecycle();

/** Does what the records given up were to bring about. @returns the executions they are of; `undefined`: they are gone */
export async function redriveRecords(records: GivenUpRecords): Promise<readonly string[] | undefined> {
  try {
    const changes = await stream.read(records);
    if (changes === undefined) return undefined;
    return await (records.function === environment.OBSERVER_ARN ? observe(changes) : reconcile(changes));
  } catch (error) {
    logger.error('redrive of records failed', { ...records, error });
    throw error;
  }
}

const executionsOf = (changes: readonly ChangeRecord[]): readonly ExecutionId[] =>
  [...new Set(changes.flatMap((change) => executionIdOf(change) ?? []))].map((id) => ExecutionId.parse(id));

/** From what stands: the records themselves were decided on long ago, or are older than what was. */
async function reconcile(changes: readonly ChangeRecord[]): Promise<readonly string[]> {
  const executions = executionsOf(changes);
  for (const executionId of executions) await reconciler.reconcile(executionId);
  return executions;
}

/** Without a window: its metrics are written whole, and are not to be written by two. */
async function observe(changes: readonly ChangeRecord[]): Promise<readonly string[]> {
  const parts = { store, observer: new Observer(store), logger, lifecycle };
  await observeBatch(parts, changes, {});
  return executionsOf(changes);
}
