import {
  type BilledOperations,
  type BilledStack,
  computeBilledOperations,
  DEFAULT_STACK,
} from '../billing/billed-operations.ts';
import { parseInput } from '../core/parse-input.ts';
import { InvalidInputError } from '../errors.ts';
import type { ExecutionConfigInput } from '../model/config.ts';
import type { Definition } from '../model/definition.ts';
import { type ExecutionId, WorkflowName } from '../model/ids.ts';
import type { MetaItem } from '../model/items.ts';
import { isTerminal } from '../model/result.ts';
import { EventPosition } from '../observability/event-position.ts';
import type { EventsPage, ExecutionEvent } from '../observability/execution-event.ts';
import { toMetrics, type WorkflowMetrics } from '../observability/tally.ts';
import type { Clock } from '../ports/clock.ts';
import { WINDOW_MS } from '../store/metrics-store.ts';
import { ResultPosition } from '../store/result-store.ts';
import type { Store } from '../store/store.ts';
import type { Caller } from '../tracing/execution-trace.ts';
import { type AnswerBounds, AnswerRoom } from './answer-room.ts';
import { loadBilledItems } from './billed-execution.ts';
import {
  type CheckpointDetail,
  type CheckpointView,
  describeCheckpoint,
  isStillAt,
  listCheckpoints,
  loadCheckpoint,
  startFromCheckpoint,
} from './checkpoints.ts';
import { describeExecution } from './describe-execution.ts';
import { type ExecutionDescription, type ExecutionOutcome, Globals, type ResultsPage } from './description.ts';
import { type ControlParts, ExecutionControl } from './execution-control.ts';
import { type ExecutionReport, loadReport } from './execution-report.ts';
import { ExecutionStarter, type StarterParts } from './execution-starter.ts';
import type { HistoryOptions, RedriveOptions, ResultsOptions, TimeRange } from './executions.ts';
import { type ExecutionsPage, type ListOptions, listExecutions } from './listing.ts';
import { loadStanding } from './load-standing.ts';
import { isAtRest } from './present-state.ts';
import { loadPartialResults, viewResults } from './result-views.ts';
import { untilAtRest } from './until-at-rest.ts';
import { WorkflowService } from './workflow-service.ts';

/** Of who waits for an outcome. */
const FIRST_POLL_MS = 100;
const LAST_POLL_MS = 500;

/** The history lags behind by a few seconds at the most. */
const TOLD_MS = 60_000;

export interface ServiceParts extends Omit<StarterParts, 'workflows'>, ControlParts {
  /** The stack it runs on, as far as it changes what an execution costs. Default: as it is deployed by default. */
  readonly billedStack?: BilledStack;
  /** What bounds the answers of `outcome` and `results`. Default: nothing. */
  readonly answerBounds?: AnswerBounds;
}

/**
 * What can be asked of executions, on the store alone: the API function and the local executor both answer with it.
 * Nothing here runs a node; the change feed does the rest.
 */
export class ExecutionService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #billedStack: BilledStack;
  readonly #answerBounds: AnswerBounds | undefined;
  readonly #starter: ExecutionStarter;
  readonly #control: ExecutionControl;
  readonly workflows: WorkflowService;

  constructor(parts: ServiceParts) {
    const { store, clock, pools, runners = {}, billedStack = DEFAULT_STACK, answerBounds } = parts;
    this.workflows = new WorkflowService({ store, clock, pools, runners });
    this.#starter = new ExecutionStarter({ ...parts, workflows: this.workflows });
    this.#control = new ExecutionControl(parts);
    this.#billedStack = billedStack;
    this.#answerBounds = answerBounds;
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Starts an execution. The same request with the same `executionId` finds the one it started.
   *
   * @param defaults config of the executor; the workflow's goes before it, the request's before both
   * @param caller whose trace a traced execution becomes part of
   * @throws {InvalidInputError | InvalidDefinitionError | WorkflowNotFoundError | ExecutionExistsError}
   */
  start(
    input: unknown,
    defaults: ExecutionConfigInput = {},
    caller: Caller = {},
  ): Promise<{ executionId: ExecutionId; isNew: boolean }> {
    return this.#starter.start(input, defaults, caller);
  }

  /** @throws {ExecutionNotFoundError} */
  async describe(executionId: string): Promise<ExecutionDescription> {
    return describeExecution(this.#store, await loadStanding(this.#store, executionId));
  }

  /**
   * The description with the output or, of anything but a success, what stood when it ended.
   * @param waitMs waits so long for its end, or for a pause at which nothing runs
   * @throws {ExecutionNotFoundError}
   */
  async outcome(executionId: string, { waitMs = 0 }: { waitMs?: number } = {}): Promise<ExecutionOutcome> {
    if (waitMs > 0) {
      const polls = { clock: this.#clock, waitMs, firstPollMs: FIRST_POLL_MS, lastPollMs: LAST_POLL_MS };
      await untilAtRest(() => this.describe(executionId), polls);
    }
    const snapshot = await loadStanding(this.#store, executionId);
    const description = await describeExecution(this.#store, snapshot);
    const { meta } = snapshot;
    const room = this.#roomBeside(JSON.stringify(description));
    const globals = meta.globals && (await room.placeAnyway(meta.globals));
    const common = {
      description,
      ...(globals !== undefined &&
        ('link' in globals ? { globalsAt: globals.link } : { globals: Globals.parse(globals.value) })),
    };
    if (meta.status !== 'SUCCEEDED') return { ...common, ...(await loadPartialResults(this.#store, snapshot, room)) };
    if (meta.output === undefined) return { ...common, output: null };
    const output = await room.placeAnyway(meta.output);
    return { ...common, ...('link' in output ? { outputAt: output.link } : { output: output.value }) };
  }

  /** What an answer has left for values beside what it holds anyway. */
  #roomBeside(json: string): AnswerRoom {
    const room = new AnswerRoom(this.#store.payloads, this.#answerBounds);
    room.takes(() => json);
    return room;
  }

  /** @throws {ExecutionNotFoundError} */
  async results(
    executionId: string,
    { after, limit = 1_000, withOutputs = false }: ResultsOptions = {},
  ): Promise<ResultsPage> {
    if (after !== undefined) parseInput(ResultPosition, after, "The results' after");
    const { meta } = await loadStanding(this.#store, executionId);
    const page = await this.#store.results.pageOfResults(meta, after, limit);
    const room = this.#roomBeside('');
    const results = await viewResults(room, meta, page.results, withOutputs);
    // It ends before what it has no room for, which begins the next one.
    const { next } =
      results.length === 0 || results.length === page.results.length
        ? page
        : await this.#store.results.pageOfResults(meta, after, results.length);
    return { results, ...(next !== undefined && { next }) };
  }

  /** What happened, in order. @throws {ExecutionNotFoundError | InvalidInputError} */
  async history(executionId: string, { after, limit = 100 }: HistoryOptions = {}): Promise<EventsPage> {
    if (after !== undefined && !EventPosition.safeParse(after).success) {
      const message = "is no place in a history: pass the 'next' of a page, or the 'position' of an event";
      throw new InvalidInputError('The history request', [{ path: 'after', code: 'INVALID_POSITION', message }]);
    }
    const { meta } = await loadStanding(this.#store, executionId);
    const page = await this.#store.events.page(meta, after, limit, this.#clock.nowMs());
    return { ...page, isOver: page.next === undefined && isToldInFull(meta, page.events, this.#clock.nowMs()) };
  }

  /** Executions, latest start first. @throws {InvalidInputError} */
  list(options: ListOptions = {}): Promise<ExecutionsPage> {
    return listExecutions(this.#store, options);
  }

  /** What is counted of a workflow's executions that ended in the minutes of the range; of an unknown one, nothing. */
  async metrics(
    workflow: string,
    { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER }: TimeRange = {},
  ): Promise<WorkflowMetrics> {
    parseInput(WorkflowName, workflow, "The workflow's name");
    const startMs = Math.floor(Math.max(0, fromMs) / WINDOW_MS) * WINDOW_MS;
    return toMetrics(workflow, await this.#store.metrics.sum(workflow, startMs, toMs));
  }

  /** All that its result is made of. @throws {ExecutionNotFoundError} */
  async report(executionId: string): Promise<ExecutionReport> {
    const terms = { stack: this.#billedStack, nowMs: this.#clock.nowMs() };
    return loadReport(this.#store, await loadStanding(this.#store, executionId), terms);
  }

  /** Whether it has ended, or is paused and nothing of it runs. @throws {ExecutionNotFoundError} */
  async isAtRest(executionId: string): Promise<boolean> {
    const snapshot = await loadStanding(this.#store, executionId);
    return isAtRest(
      await this.#store.definitions.loadPlan(snapshot.meta.workflow, snapshot.meta.definitionHash),
      snapshot,
    );
  }

  /** What the execution was billed for so far. @throws {ExecutionNotFoundError} */
  async billedOperations(executionId: string): Promise<BilledOperations> {
    const snapshot = await loadStanding(this.#store, executionId);
    const plan = await this.#store.definitions.loadPlan(snapshot.meta.workflow, snapshot.meta.definitionHash);
    const items = await loadBilledItems(this.#store, plan, snapshot);
    return computeBilledOperations({ plan, items, stack: this.#billedStack, nowMs: this.#clock.nowMs() });
  }

  /** The workflow as the execution runs it. @throws {ExecutionNotFoundError} */
  async definition(executionId: string): Promise<Definition> {
    const { meta } = await loadStanding(this.#store, executionId);
    return (await this.#store.definitions.loadPlan(meta.workflow, meta.definitionHash)).definition;
  }

  /** Asks an open execution to stop; once it is answered, nothing of it starts. @throws {ExecutionNotFoundError | InvalidStateError} it has ended, or is stopping */
  cancel(executionId: string): Promise<void> {
    return this.#control.cancel(executionId);
  }

  /**
   * Lets running nodes finish; once it is answered, no new ones start.
   *
   * @param before pause only when this node would start; if it has started, this changes nothing
   * @throws {ExecutionNotFoundError | InvalidStateError | InvalidInputError} it is not running; there is no such node
   */
  pause(executionId: string, options?: { before?: string }): Promise<void> {
    return this.#control.pause(executionId, options);
  }

  /** Goes on after a pause. @throws {ExecutionNotFoundError | InvalidStateError} it is not paused */
  resume(executionId: string): Promise<void> {
    return this.#control.resume(executionId);
  }

  /** Oldest first. @throws {ExecutionNotFoundError} */
  async checkpoints(executionId: string): Promise<CheckpointView[]> {
    return listCheckpoints(this.#store, await loadStanding(this.#store, executionId));
  }

  /** What had ended at a checkpoint, what was under way, and what resuming it would do. @throws {CheckpointNotFoundError} */
  async checkpoint(checkpointId: string): Promise<CheckpointDetail> {
    const checkpoint = await loadCheckpoint(this.#store, checkpointId);
    const snapshot = await loadStanding(this.#store, checkpoint.executionId);
    const { workflow, definitionHash } = snapshot.meta;
    return describeCheckpoint(await this.#store.definitions.loadPlan(workflow, definitionHash), checkpoint, snapshot);
  }

  /**
   * Goes on from a checkpoint: the execution itself if it is still paused there, else a new one from that cut.
   *
   * @param newId the id of the new one, should there be one
   * @throws {CheckpointNotFoundError}
   */
  async resumeCheckpoint(
    checkpointId: string,
    newId: ExecutionId,
  ): Promise<{ executionId: ExecutionId; isNew: boolean }> {
    const checkpoint = await loadCheckpoint(this.#store, checkpointId);
    const snapshot = await loadStanding(this.#store, checkpoint.executionId);
    const { meta } = snapshot;
    if (
      isStillAt(checkpoint, snapshot) &&
      (await this.#store.executions.resume(meta, this.#clock.nowMs())) !== undefined
    ) {
      return { executionId: meta.executionId, isNew: false };
    }
    await startFromCheckpoint(this.#store, meta, checkpoint, newId, this.#clock.nowMs());
    return { executionId: newId, isNew: true };
  }

  /**
   * Goes on from what failed, keeping every standing result.
   *
   * @param handlers `latest`: one that was pinned goes on by the handlers there are now, and is pinned no more
   * @throws {ExecutionNotFoundError | InvalidStateError} it is open, or succeeded
   */
  redrive(executionId: string, options?: RedriveOptions): Promise<void> {
    return this.#control.redrive(executionId, options);
  }
}

/** Its end is told, or so old that it would have been. */
function isToldInFull(
  { status, run, endedAtMs = 0 }: MetaItem,
  events: readonly ExecutionEvent[],
  nowMs: number,
): boolean {
  if (!isTerminal(status)) return false;
  return events.some((event) => event.type === 'ExecutionEnded' && event.run === run) || nowMs - endedAtMs > TOLD_MS;
}
