import { type OperationCounts, sumOperations } from '../../shared/billing/prices.ts';

/** What one request or invocation would have been billed for, and for which executions it was. */
export interface LedgerEntry {
  /** As AWS calls it: `PutItem`, `ReceiveMessage`, `Invoke`. */
  readonly operation: string;
  /** The function that asked, by its construct's name; of an invocation, the one that was invoked. Absent: Lambda itself. */
  readonly caller?: string | undefined;
  readonly executionIds: ReadonlySet<string>;
  readonly counts: Partial<OperationCounts>;
  /** Of an invocation: what its function is given. */
  readonly memoryMb?: number;
}

/** What a local stack was asked for, as AWS would bill it. */
export class Ledger {
  readonly #entries: LedgerEntry[] = [];

  record(entry: LedgerEntry): void {
    this.#entries.push(entry);
  }

  /** Every entry, in order: also what was for no execution. */
  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** Every entry for an execution, in order. */
  entriesOf(executionId: string): readonly LedgerEntry[] {
    return this.#entries.filter(({ executionIds }) => executionIds.has(executionId));
  }

  /** What was done for an execution; of what was for several at once, its share. @param isPart which entries count */
  countsOf(executionId: string, isPart: (entry: LedgerEntry) => boolean = () => true): OperationCounts {
    return sumOperations(
      this.entriesOf(executionId)
        .filter(isPart)
        .map(({ counts, executionIds }) => sumOperations([counts], 1 / executionIds.size)),
    );
  }
}
