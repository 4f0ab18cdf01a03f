import { setTimeout as delay } from 'node:timers/promises';
import type { LedgerEntry } from '../../infra/local/ledger.ts';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { type OperationCounts, priceOf, sumOperations } from '../../shared/billing/prices.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { Workload } from './workloads.ts';

/**
 * What an invocation is taken to last beside its handlers: three requests of 5 ms, one after another. How long functions
 * take on this machine says nothing of how long they take on Lambda.
 */
export const ASSUMED_MS_PER_INVOCATION = 15;

/** What a sweep reads of it a minute and a half after its start, to see that it ended: nobody waits for that here. */
export const WATCHED: Partial<OperationCounts> = { readUnits: 0.5 };

const POLL_MS = 50;
const OBSERVED_WITHIN_MS = 300_000;

/** One execution by the ledger of the local stack. */
export interface LedgerReading {
  readonly executionId: string;
  /** Requests and units as they were counted; GB-seconds by {@link ASSUMED_MS_PER_INVOCATION}. */
  readonly counts: OperationCounts;
  readonly usdPerMillion: number;
}

/**
 * Runs a workflow on a metered local stack, with nothing beside it, and reads what AWS would have billed: of every request,
 * until the observer has told its end. Looking at the execution is left out, and so are polls of queues that are empty.
 * @throws {Error} if it does not succeed
 */
export async function readLedger(
  stack: LocalStack,
  { definition, input }: Pick<Workload, 'definition' | 'input'>,
): Promise<LedgerReading> {
  await using executor = new WorkflowExecutor(stack.connection);
  const { executionId, status, error } = await executor.execute(definition, input);
  if (status !== 'SUCCEEDED') throw new Error(`${definition.name} ended ${status}`, { cause: error });
  await untilObserved(stack, executionId);
  const counts = sumOperations([billedCounts(stack.ledger.entriesOf(executionId)), WATCHED]);
  return { executionId, counts, usdPerMillion: priceOf(counts) * 1e6 };
}

/** How many messages and records share a batch depends on when they come. */
const RUNS = 3;

/**
 * The same a few times, cheapest first, after one run that does not count: what is slow the first time makes more batches
 * than what runs on Lambda.
 * @throws {Error} as {@link readLedger}
 */
export async function readLedgerRuns(
  stack: LocalStack,
  work: Pick<Workload, 'definition' | 'input'>,
): Promise<readonly LedgerReading[]> {
  await readLedger(stack, work);
  const readings: LedgerReading[] = [];
  for (let run = 0; run < RUNS; run++) readings.push(await readLedger(stack, work));
  return readings.sort((a, b) => a.usdPerMillion - b.usdPerMillion);
}

/** Waits until the observer has told of an execution's end: from then on it asks for nothing more. */
export async function untilObserved(stack: LocalStack, executionId: string): Promise<void> {
  const deadline = Date.now() + OBSERVED_WITHIN_MS;
  for (;;) {
    const entries = stack.ledger.entriesOf(executionId).filter(({ caller }) => caller === 'Observer');
    const counted = entries.findIndex(({ operation }) => operation === 'Query');
    if (counted >= 0 && entries.slice(counted).some(({ operation }) => operation === 'Invoke')) return;
    if (Date.now() > deadline) throw new Error(`The observer did not tell of the end of ${executionId}`);
    await delay(POLL_MS);
  }
}

/** Looking at an execution is not part of it, and the table is read for that by the API alone. */
export const isPartOfExecution = ({ operation, caller, counts }: LedgerEntry): boolean =>
  !operation.startsWith('Invoke GET') && !(caller === 'ApiFunction' && counts.readUnits !== undefined);

/** Entries of one execution, summed up; of what was for several at once, its share. */
export const billedCounts = (entries: readonly LedgerEntry[]): OperationCounts =>
  sumOperations(
    entries
      .filter(isPartOfExecution)
      .map((entry) => sumOperations([withAssumedTime(entry)], 1 / entry.executionIds.size)),
  );

const withAssumedTime = ({ counts, memoryMb }: LedgerEntry): LedgerEntry['counts'] =>
  memoryMb === undefined
    ? counts
    : { ...counts, computeGbSeconds: (memoryMb / 1_024) * (ASSUMED_MS_PER_INVOCATION / 1_000) };
