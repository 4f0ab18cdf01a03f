import type { EventsPage, ExecutionEvent } from '../observability/execution-event.ts';
import type { Clock } from '../ports/clock.ts';
import type { CheckpointView } from './checkpoints.ts';
import type { ExecutionDescription, ResultsPage } from './description.ts';
import { type ExecutionResult, loadResult } from './execution-result.ts';
import type { Executions, HistoryOptions, RedriveOptions, ResultsOptions } from './executions.ts';
import { type FollowOptions, followEvents } from './follow-events.ts';

/** One execution, to watch and to control. */
export class ExecutionHandle<Output = unknown> {
  readonly executionId: string;
  readonly #executions: Executions;
  readonly #clock: Clock;
  readonly #onResult: (result: ExecutionResult) => void;

  /** @param onResult hears of each result that is read */
  constructor(
    executions: Executions,
    executionId: string,
    clock: Clock,
    onResult: (result: ExecutionResult) => void = () => undefined,
  ) {
    this.#executions = executions;
    this.#clock = clock;
    this.#onResult = onResult;
    this.executionId = executionId;
  }

  describe(): Promise<ExecutionDescription> {
    return this.#executions.describe(this.executionId);
  }

  /** Waits for the end, or for a pause at which nothing runs any more. */
  async result(): Promise<ExecutionResult<Output>> {
    await this.#executions.untilAtRest(this.executionId);
    const result = await loadResult(this.#executions, this.executionId, this.#clock.nowMs());
    this.#onResult(result);
    // The workflow's types say what its output is; at run time its handlers' schemas have checked it.
    return result as ExecutionResult<Output>;
  }

  /** Ended visits, by node id, in pages. */
  results(options?: ResultsOptions): Promise<ResultsPage> {
    return this.#executions.results(this.executionId, options);
  }

  /** What happened so far, in order, in pages. */
  history(options?: HistoryOptions): Promise<EventsPage> {
    return this.#executions.history(this.executionId, options);
  }

  /** What happened and happens, in order, each event once, until the end. */
  events(options?: FollowOptions): AsyncGenerator<ExecutionEvent, void, undefined> {
    return followEvents(this.#executions, this.executionId, options);
  }

  /** Running handlers see their signal abort; the execution ends `CANCELLED` with what stands. @throws {InvalidStateError} */
  cancel(): Promise<void> {
    return this.#executions.cancel(this.executionId);
  }

  /**
   * Running nodes finish, no new one starts.
   * @param options `before`: only when this node would start
   * @throws {InvalidStateError | InvalidInputError}
   */
  pause(options?: { before?: string }): Promise<void> {
    return this.#executions.pause(this.executionId, options);
  }

  /** Its checkpoints, oldest first. */
  checkpoints(): Promise<CheckpointView[]> {
    return this.#executions.checkpoints(this.executionId);
  }

  /**
   * Runs an execution that failed, timed out or was cancelled on from there; what succeeded stays.
   * @param options `handlers: 'latest'`: one that was pinned goes on by the handlers there are now, and is pinned no more
   * @throws {InvalidStateError | FanjoinError} `HANDLERS_VERSION_GONE`: locally, it is pinned to other handlers than these
   */
  redrive(options?: RedriveOptions): Promise<void> {
    return this.#executions.redrive(this.executionId, options);
  }

  /** Goes on after a pause, and locally after a crash. @throws {InvalidStateError} */
  resume(): Promise<void> {
    return this.#executions.resume(this.executionId);
  }
}
