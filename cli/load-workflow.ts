import { resolve } from 'node:path';
import { compile } from '../shared/core/compile.ts';
import type { Plan } from '../shared/core/plan.ts';
import { InvalidDefinitionError, type Issue } from '../shared/errors.ts';
import type { Runnable } from '../shared/executor/workflow-executor.ts';
import type { AnyHandler } from '../shared/nodes/define-node.ts';
import { DefinitionFileError } from '../shared/nodes/definition-file.ts';
import { readDefinitionFile } from './definition-file.ts';
import { findHandlersFile, findWorkflowFile, isModule } from './find-workflow-file.ts';
import { loadHandlers, loadWorkflowModule } from './load-module.ts';
import { missingHandlers } from './missing-handlers.ts';
import { shownPath } from './text.ts';
import type { CommandLine } from './workflow-module.ts';

/** A workflow file with all that belongs to it. */
export interface LoadedWorkflow {
  /** Absolute path. */
  readonly file: string;
  /** Absolute path, where the handlers come from a file of their own. */
  readonly handlersFile: string | undefined;
  readonly runnable: Runnable<unknown, unknown>;
  readonly plan: Plan;
  readonly handlers: readonly AnyHandler[];
  readonly commandLine: CommandLine;
}

export interface LoadOptions {
  readonly cwd: string;
  /** Of a definition in YAML or JSON: the module with its handlers. Default: the `handlers.*` beside it. */
  readonly handlers?: string | undefined;
  /** Whether every handler named must be there. Default true; where others run the nodes, nobody here needs them. */
  readonly needsHandlers?: boolean;
}

/**
 * Loads the workflow that `path` names.
 * @throws {UsageError | DefinitionFileError | InvalidDefinitionError} with all that is wrong with the definition
 */
export async function loadWorkflow(path: string, options: LoadOptions): Promise<LoadedWorkflow> {
  const file = await findWorkflowFile(path, options.cwd);
  return isModule(file) ? loadModule(file) : loadDefinition(file, options);
}

async function loadModule(file: string): Promise<LoadedWorkflow> {
  const { workflow, commandLine } = await loadWorkflowModule(file);
  const plan = compile(workflow.definition);
  return { file, handlersFile: undefined, runnable: workflow, plan, handlers: workflow.handlers, commandLine };
}

async function loadDefinition(
  file: string,
  { cwd, handlers: named, needsHandlers = true }: LoadOptions,
): Promise<LoadedWorkflow> {
  const shownAs = shownPath(file, cwd);
  const { value, place } = await readDefinitionFile(file, shownAs);
  const handlersFile = named === undefined ? await findHandlersFile(file) : resolve(cwd, named);
  const handlers = needsHandlers && handlersFile !== undefined ? await loadHandlers(handlersFile) : [];
  const issues: Issue[] = needsHandlers
    ? missingHandlers(value, handlers, handlersFile && shownPath(handlersFile, cwd))
    : [];
  const plan = compileInto(issues, value);
  if (plan === undefined || issues.length > 0) throw new DefinitionFileError(shownAs, issues.map(place));
  return { file, handlersFile, runnable: plan.definition, plan, handlers, commandLine: {} };
}

function compileInto(issues: Issue[], value: unknown): Plan | undefined {
  try {
    return compile(value);
  } catch (error) {
    if (!(error instanceof InvalidDefinitionError)) throw error;
    issues.unshift(...error.issues);
    return undefined;
  }
}
