import { resolve } from 'node:path';
import { describeCause } from '../shared/errors.ts';
import type { ExecutionDescription } from '../shared/executor/description.ts';
import type { AnyHandler } from '../shared/nodes/define-node.ts';
import { findHandlersFile, findWorkflowFile, isModule } from './find-workflow-file.ts';
import { loadHandlers, loadWorkflowModule } from './load-module.ts';
import { sourcesOf } from './source-tags.ts';
import { shownPath } from './text.ts';
import { UsageError } from './usage-error.ts';
import type { CommandLine } from './workflow-module.ts';

/** What an execution that was started before still needs of its files; its definition is kept with it. */
export interface ResumeSources {
  readonly handlers: readonly AnyHandler[];
  readonly commandLine: CommandLine;
}

export interface ResumeSourceOptions {
  readonly cwd: string;
  /** In place of the recorded files, should they have moved. */
  readonly workflow?: string | undefined;
  readonly handlers?: string | undefined;
}

/** Loads the handlers, and how the output is printed, from where the execution was started. @throws {UsageError} */
export async function loadResumeSources(
  description: ExecutionDescription,
  options: ResumeSourceOptions,
): Promise<ResumeSources> {
  const { executionId, workflow, tags } = description;
  const recorded = sourcesOf(tags);
  const source = options.workflow ?? recorded.source;
  const handlers = options.handlers ?? (options.workflow === undefined ? recorded.handlers : undefined);
  try {
    // A module holds its handlers; of a definition in YAML or JSON not even the file is needed any more.
    if (source !== undefined && (handlers === undefined || isModule(source)))
      return await fromWorkflow(source, options.cwd);
    if (handlers !== undefined)
      return { handlers: await loadHandlers(resolve(options.cwd, handlers)), commandLine: {} };
  } catch (error) {
    const shown = shownPath(source ?? handlers ?? '', options.cwd);
    throw new UsageError(
      `What '${executionId}' was started from cannot be loaded: ${shown}. If it has moved, name it with --workflow.\n${describeCause(error)}`,
      error,
    );
  }
  throw new UsageError(
    `The execution '${executionId}' does not say where its workflow '${workflow}' is. Name the file with --workflow.`,
  );
}

/** As `loadResumeSources`, where nothing is run: without its files the output is printed as JSON. */
export const tryLoadResumeSources = (
  description: ExecutionDescription,
  options: ResumeSourceOptions,
): Promise<ResumeSources> => loadResumeSources(description, options).catch(() => ({ handlers: [], commandLine: {} }));

async function fromWorkflow(source: string, cwd: string): Promise<ResumeSources> {
  const file = await findWorkflowFile(source, cwd);
  if (isModule(file)) {
    const { workflow, commandLine } = await loadWorkflowModule(file);
    return { handlers: workflow.handlers, commandLine };
  }
  const beside = await findHandlersFile(file);
  return { handlers: beside === undefined ? [] : await loadHandlers(beside), commandLine: {} };
}
