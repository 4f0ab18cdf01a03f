import type { BilledOperations } from '../billing/billed-operations.ts';
import type { ExecutionConfigInput } from '../model/config.ts';
import type { Definition } from '../model/definition.ts';
import type { Json } from '../model/json.ts';
import type { SearchAttributes } from '../model/search-attributes.ts';
import type { VersionName } from '../model/version.ts';
import type { EventsPage } from '../observability/execution-event.ts';
import type { WorkflowMetrics } from '../observability/tally.ts';
import type { CheckpointDetail, CheckpointView } from './checkpoints.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { ExecutionDescription, ExecutionOutcome, ResultsPage } from './description.ts';
import type { ExecutionReport } from './execution-report.ts';
import type { ExecutionsPage, ListOptions } from './listing.ts';
import type { Workflows } from './workflows.ts';

/** What a request to start holds, once the workflow is named and the input checked. */
export interface StartInput {
  /** The workflow itself, or the name of a published one. */
  readonly definition?: unknown;
  readonly workflow?: string | undefined;
  /** Of the named one. Default: the latest. */
  readonly version?: VersionName | undefined;
  readonly input: unknown;
  readonly config?: ExecutionConfigInput | undefined;
  readonly globals?: Readonly<Record<string, Json>> | undefined;
  readonly executionId?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly searchAttributes?: SearchAttributes | undefined;
}

export interface RedriveOptions {
  readonly handlers?: 'latest';
}

/** Which results to read, by node id. */
export interface ResultsOptions {
  /** Begin behind this place: the `next` of a page. Default: at the start. */
  readonly after?: string;
  /** Default and at most 1,000. */
  readonly limit?: number;
  /** `inline`: only those of at most 8 KB, which lie with the results and cost no further read. Default none. */
  readonly withOutputs?: boolean | 'inline';
}

/** Which part of a history to read. */
export interface HistoryOptions {
  /** Begin behind this position. Default: at the start. */
  readonly after?: string;
  /** Default 100, at most 1,000. */
  readonly limit?: number;
}

/** When events are wanted as they come. */
export interface WaitOptions extends HistoryOptions {
  /** With no events there yet, wait so long for some. At most 20 s. Default 0. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** In milliseconds since the epoch, both ends in it, by whole minutes. */
export interface TimeRange {
  /** Default: the beginning. */
  readonly fromMs?: number;
  /** Default: the end. */
  readonly toMs?: number;
}

/** Executions wherever they run: in this process, or behind an endpoint. All throw `ExecutionNotFoundError` for ids unknown. */
export interface Executions {
  readonly workflows: Workflows;
  readonly deadLetters: DeadLetters;
  start(request: StartInput): Promise<{ executionId: string }>;
  describe(executionId: string): Promise<ExecutionDescription>;
  outcome(executionId: string): Promise<ExecutionOutcome>;
  results(executionId: string, options?: ResultsOptions): Promise<ResultsPage>;
  /** A page of what happened, in order. */
  history(executionId: string, options?: WaitOptions): Promise<EventsPage>;
  /** Executions known to the store, latest start first. */
  list(options?: ListOptions): Promise<ExecutionsPage>;
  /** Counts and durations of a workflow's ended executions. */
  metrics(workflow: string, range?: TimeRange): Promise<WorkflowMetrics>;
  /** The workflow as the execution runs it. */
  definition(executionId: string): Promise<Definition>;
  /** What the execution was billed for so far, or would have been on AWS. */
  billedOperations(executionId: string): Promise<BilledOperations>;
  /** All that a result is made of, where it can be read in one go. */
  report?(executionId: string): Promise<ExecutionReport>;
  cancel(executionId: string): Promise<void>;
  /** @param options `before`: pause when this node would start */
  pause(executionId: string, options?: { before?: string }): Promise<void>;
  /** Goes on after a pause; a local one also after a crash. */
  resume(executionId: string): Promise<void>;
  checkpoints(executionId: string): Promise<CheckpointView[]>;
  /** @throws {CheckpointNotFoundError} */
  checkpoint(checkpointId: string): Promise<CheckpointDetail>;
  /** Goes on from a checkpoint: the execution itself if it is still paused there, else a new one. Gives the id. */
  resumeCheckpoint(checkpointId: string): Promise<{ executionId: string }>;
  /**
   * Goes on from what failed, keeping every standing result.
   * @param options `handlers: 'latest'`: one that was pinned goes on by the handlers there are now, and is pinned no more
   */
  redrive(executionId: string, options?: RedriveOptions): Promise<void>;
  /** Resolves when the execution has ended, or is paused and nothing of it runs. */
  untilAtRest(executionId: string, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
