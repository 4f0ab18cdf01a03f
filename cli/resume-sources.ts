import { relative } from 'node:path';
import type { Plan } from '../shared/core/plan.ts';
import { describeCause } from '../shared/errors.ts';
import type { ExecutionDescription } from '../shared/executor/description.ts';
import type { AnyHandler } from '../shared/nodes/define-node.ts';
import { findWorkflowFile, isModule } from './find-workflow-file.ts';
import { loadHandlers } from './load-module.ts';
import { loadWorkflow } from './load-workflow.ts';
import { sourcesOf } from './source-tags.ts';
import { UsageError } from './usage-error.ts';
import type { CommandLine } from './workflow-module.ts';

/** What `resume` takes from the files of a workflow that runs already; its definition is kept with the execution. */
export interface ResumeSources {
  readonly handlers: readonly AnyHandler[];
  readonly commandLine: CommandLine;
  /** Of the file as it is now, which may not be the execution's. */
  readonly plan: Plan | undefined;
}

export interface ResumeSourceOptions {
  readonly cwd: string;
  /** In place of the recorded file, should that have moved. */
  readonly workflow?: string | undefined;
  readonly handlers?: string | undefined;
}

/** Loads the handlers, and how the output is printed, from where the execution was started. @throws {UsageError} */
export async function loadResumeSources({ executionId, workflow, tags }: ExecutionDescription, options: ResumeSourceOptions): Promise<ResumeSources> {
  const recorded = sourcesOf(tags);
  const source = options.workflow ?? recorded.source;
  const handlers = options.handlers ?? recorded.handlers;
  if (source === undefined && handlers === undefined) {
    throw new UsageError(`The execution '${executionId}' does not say where its workflow '${workflow}' is. Name the file with --workflow.`);
  }
  const isWorkflowModule = source !== undefined && (await isModuleAt(source, options.cwd));
  // The definition itself is not needed, so one that was changed or lost since is no obstacle.
  if (!isWorkflowModule && handlers !== undefined) return { handlers: await loadHandlers(handlers), commandLine: {}, plan: await planAt(source, options.cwd) };
  if (source === undefined) throw new UsageError(`Name the workflow file of '${executionId}' with --workflow.`);
  try {
    return await loadWorkflow(source, { cwd: options.cwd, handlers });
  } catch (error) {
    throw new UsageError(`The workflow of '${executionId}' cannot be loaded from '${relative(options.cwd, source) || source}'. If it has moved, name it with --workflow.\n${describeCause(error)}`, error);
  }
}

/** As `loadResumeSources`, for an execution that ended: without its files its output is printed as JSON. */
export async function tryLoadResumeSources(description: ExecutionDescription, options: ResumeSourceOptions): Promise<ResumeSources> {
  return loadResumeSources(description, options).catch(() => ({ handlers: [], commandLine: {}, plan: undefined }));
}

const isModuleAt = async (source: string, cwd: string): Promise<boolean> => isModule(await findWorkflowFile(source, cwd).catch(() => source));

const planAt = async (source: string | undefined, cwd: string): Promise<Plan | undefined> =>
  source === undefined
    ? undefined
    : loadWorkflow(source, { cwd, needsHandlers: false }).then(
        ({ plan }) => plan,
        () => undefined,
      );
