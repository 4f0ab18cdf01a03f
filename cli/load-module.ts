import { pathToFileURL } from 'node:url';
import { compile } from '../shared/core/compile.ts';
import { describeCause, FanjoinError } from '../shared/errors.ts';
import type { AnyHandler } from '../shared/nodes/define-node.ts';
import type { Workflow } from '../shared/nodes/define-workflow.ts';
import { UsageError } from './usage-error.ts';
import type { CommandLine } from './workflow-module.ts';

type Exports = Readonly<Record<string, unknown>>;

/** What a workflow module gives. */
export interface WorkflowModule {
  readonly workflow: Workflow;
  readonly commandLine: CommandLine;
}

/** Loads a module that exports a `defineWorkflow` workflow as its default. @throws {UsageError | InvalidDefinitionError} */
export async function loadWorkflowModule(file: string): Promise<WorkflowModule> {
  const { default: workflow, commandLine = {} } = await importModule(file);
  if (!isWorkflow(workflow))
    throw new UsageError(`'${file}' has no workflow: its default export must come from defineWorkflow({ … })`);
  if (!isCommandLine(commandLine))
    throw new UsageError(`'${file}' exports a commandLine whose 'input' or 'print' is no function`);
  // Made by another version of fanjoin, or by hand, it may not be what this one takes.
  compile(workflow.definition);
  return { workflow, commandLine };
}

/** Loads every handler a module exports, by itself or in arrays. @throws {UsageError} */
export async function loadHandlers(file: string): Promise<AnyHandler[]> {
  const exported = Object.values(await importModule(file)).flat();
  return [...new Set(exported.filter(isHandler))];
}

async function importModule(file: string): Promise<Exports> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof FanjoinError) throw error;
    const name = error instanceof Error ? `${error.name}: ` : '';
    throw new UsageError(`'${file}' cannot be loaded: ${name}${describeCause(error)}`, error);
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isWorkflow = (value: unknown): value is Workflow =>
  isObject(value) &&
  'definition' in value &&
  isObject(value.definition) &&
  'handlers' in value &&
  Array.isArray(value.handlers);

const isHandler = (value: unknown): value is AnyHandler =>
  isObject(value) &&
  'type' in value &&
  typeof value.type === 'string' &&
  'execute' in value &&
  typeof value.execute === 'function';

const isFunctionIfThere = (value: unknown): boolean => value === undefined || typeof value === 'function';

const isCommandLine = (value: unknown): value is CommandLine =>
  isObject(value) &&
  isFunctionIfThere('input' in value ? value.input : undefined) &&
  isFunctionIfThere('print' in value ? value.print : undefined);
