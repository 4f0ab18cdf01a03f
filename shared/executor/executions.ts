import type { ExecutionConfigInput } from '../model/config.ts';
import type { CheckpointView } from './checkpoints.ts';
import type { ExecutionDescription, ExecutionOutcome, ResultsPage } from './description.ts';

/** What a request to start holds, once the workflow is named and the input checked. */
export interface StartInput {
  readonly definition: unknown;
  readonly input: unknown;
  readonly config?: ExecutionConfigInput | undefined;
  readonly globals?: unknown;
  readonly executionId?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** Executions wherever they run: in this process, or behind an endpoint. All throw `ExecutionNotFoundError` for ids unknown. */
export interface Executions {
  start(request: StartInput): Promise<{ executionId: string }>;
  describe(executionId: string): Promise<ExecutionDescription>;
  outcome(executionId: string): Promise<ExecutionOutcome>;
  results(
    executionId: string,
    options?: { after?: string; limit?: number; withOutputs?: boolean },
  ): Promise<ResultsPage>;
  cancel(executionId: string): Promise<void>;
  /** @param options `before`: pause when this node would start */
  pause(executionId: string, options?: { before?: string }): Promise<void>;
  /** Goes on after a pause; a local one also after a crash. */
  resume(executionId: string): Promise<void>;
  checkpoints(executionId: string): Promise<CheckpointView[]>;
  /** Goes on from a checkpoint: the execution itself if it is still paused there, else a new one. Gives the id. */
  resumeCheckpoint(checkpointId: string): Promise<{ executionId: string }>;
  /** Goes on from what failed, keeping every standing result. */
  redrive(executionId: string): Promise<void>;
  /** Resolves when the execution has ended, or is paused and nothing of it runs. */
  untilAtRest(executionId: string, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
