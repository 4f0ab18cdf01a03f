import { SqliteBlobStore } from '../adapters/local/sqlite-blobs.ts';
import { openDatabase, type SqliteDatabase } from '../adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../adapters/local/sqlite-table.ts';
import type { BilledOperations } from '../billing/billed-operations.ts';
import type { Plan } from '../core/plan.ts';
import type { Definition } from '../model/definition.ts';
import { DefinitionHash, ExecutionId } from '../model/ids.ts';
import type { AnyHandler } from '../nodes/define-node.ts';
import { HandlerRegistry } from '../nodes/handler-registry.ts';
import type { EventsPage } from '../observability/execution-event.ts';
import type { WorkflowMetrics } from '../observability/tally.ts';
import type { Clock } from '../ports/clock.ts';
import { FLAGS_KNOWN_MS } from '../runner/flag-reader.ts';
import { dueShards } from '../store/execution-store.ts';
import { openStore, type Store } from '../store/store.ts';
import type { CheckpointDetail, CheckpointView } from './checkpoints.ts';
import { NO_DEAD_LETTERS } from './dead-letters.ts';
import type { ExecutionDescription, ExecutionOutcome, ResultsPage } from './description.ts';
import type { ExecutionReport } from './execution-report.ts';
import { ExecutionService } from './execution-service.ts';
import type { Executions, RedriveOptions, ResultsOptions, StartInput, TimeRange, WaitOptions } from './executions.ts';
import { untilEvents } from './follow-events.ts';
import { localPin } from './handlers-pin.ts';
import type { ExecutionsPage, ListOptions } from './listing.ts';
import { newId } from './new-id.ts';
import { withoutUndefined } from './start-request.ts';
import { untilAtRest } from './until-at-rest.ts';
import { handlerVersions } from './workflow-cache.ts';
import type { Workflows } from './workflows.ts';

const POLL_MS = 100;
/** Open executions listed of each shard. */
const LISTED = 1_000;

export interface LocalClientOptions {
  /** A file, made if it is not there. */
  readonly database: string;
  /** Only for starts: their versions are part of what a workflow's cache is asked by. Default none. */
  readonly handlers?: Iterable<AnyHandler>;
  readonly clock: Clock;
}

/**
 * The executions of a local database, beside the engine that may be running them in another process: reads, records
 * starts, and sets the flags that engine hears of. Runs nothing itself.
 */
export class LocalClient implements Executions {
  readonly workflows: Workflows;
  readonly deadLetters = NO_DEAD_LETTERS;
  readonly #database: SqliteDatabase;
  readonly #store: Store;
  readonly #service: ExecutionService;
  readonly #clock: Clock;

  /** @throws {DatabaseError} if the file cannot serve */
  constructor({ database, handlers = [], clock }: LocalClientOptions) {
    const registry = new HandlerRegistry(handlers);
    this.#database = openDatabase(database, { mode: 'client', clock });
    this.#store = openStore(new SqliteItemTable(this.#database), new SqliteBlobStore(this.#database));
    this.#service = new ExecutionService({
      store: this.#store,
      clock,
      handlersVersion: (plan) => handlerVersions(plan, (type) => registry.find(type)?.version ?? ''),
      handlersPin: (plan) => localPin(plan, registry),
      newId,
      // The engine hears of what another process writes a tenth of a second later, and goes by what it knows until then.
      flagsKnownMs: FLAGS_KNOWN_MS,
    });
    this.workflows = this.#service.workflows;
    this.#clock = clock;
  }

  /** Records an execution. It runs once an engine is told to resume it. */
  start(request: StartInput): Promise<{ executionId: string }> {
    return this.#service.start(withoutUndefined(request));
  }

  describe(executionId: string): Promise<ExecutionDescription> {
    return this.#service.describe(executionId);
  }

  outcome(executionId: string): Promise<ExecutionOutcome> {
    return this.#service.outcome(executionId);
  }

  results(executionId: string, options?: ResultsOptions): Promise<ResultsPage> {
    return this.#service.results(executionId, options);
  }

  history(executionId: string, { waitMs = 0, signal, ...options }: WaitOptions = {}): Promise<EventsPage> {
    return untilEvents(() => this.#service.history(executionId, options), { clock: this.#clock, waitMs, signal });
  }

  list(options?: ListOptions): Promise<ExecutionsPage> {
    return this.#service.list(options);
  }

  metrics(workflow: string, range?: TimeRange): Promise<WorkflowMetrics> {
    return this.#service.metrics(workflow, range);
  }

  definition(executionId: string): Promise<Definition> {
    return this.#service.definition(executionId);
  }

  billedOperations(executionId: string): Promise<BilledOperations> {
    return this.#service.billedOperations(executionId);
  }

  report(executionId: string): Promise<ExecutionReport> {
    return this.#service.report(executionId);
  }

  cancel(executionId: string): Promise<void> {
    return this.#service.cancel(executionId);
  }

  pause(executionId: string, options?: { before?: string }): Promise<void> {
    return this.#service.pause(executionId, options);
  }

  resume(executionId: string): Promise<void> {
    return this.#service.resume(executionId);
  }

  checkpoints(executionId: string): Promise<CheckpointView[]> {
    return this.#service.checkpoints(executionId);
  }

  checkpoint(checkpointId: string): Promise<CheckpointDetail> {
    return this.#service.checkpoint(checkpointId);
  }

  resumeCheckpoint(checkpointId: string): Promise<{ executionId: string }> {
    return this.#service.resumeCheckpoint(checkpointId, ExecutionId.parse(newId(this.#clock.nowMs())));
  }

  redrive(executionId: string, options?: RedriveOptions): Promise<void> {
    return this.#service.redrive(executionId, options);
  }

  async untilAtRest(executionId: string, signal?: AbortSignal): Promise<void> {
    const polls = { clock: this.#clock, firstPollMs: POLL_MS, lastPollMs: POLL_MS };
    await untilAtRest(() => this.describe(executionId), { ...polls, signal });
  }

  /** The definition an execution runs, whatever became of the file it came from. @throws {ExecutionNotFoundError} */
  async plan(executionId: string): Promise<Plan> {
    const { workflow, definitionHash } = await this.describe(executionId);
    return this.#store.definitions.loadPlan(workflow, DefinitionHash.parse(definitionHash));
  }

  /** Every execution that has not ended, oldest first; at most 4,000. */
  async openExecutions(): Promise<ExecutionDescription[]> {
    const shards = await Promise.all(
      dueShards.map((shard) => this.#store.executions.loadDue(shard, Number.MAX_SAFE_INTEGER, LISTED)),
    );
    const open = await Promise.all(
      shards.flatMap(({ due }) => due).map(({ executionId }) => this.describe(executionId)),
    );
    return open.sort((a, b) => a.startedAtMs - b.startedAtMs);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}
