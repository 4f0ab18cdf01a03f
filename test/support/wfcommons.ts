import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import { unorderable } from './dependency-order.ts';

/** A workflow that ran somewhere: tasks, what each waited for, and how long it took. */
export interface WorkflowInstance {
  readonly name: string;
  /** In the file's order. Ids are the file's own: up to version 1.4 the name, joined with the id where it is not in it. */
  readonly tasks: readonly InstanceTask[];
  /** Of the execution that was recorded, where it says so. */
  readonly makespanSeconds?: number;
  /** A specification alone, never run, has none: its tasks take no time. */
  readonly hasRuntimes: boolean;
}

export interface InstanceTask {
  readonly id: string;
  readonly parents: readonly string[];
  readonly runtimeSeconds: number;
}

/** A file that is no instance, or one that cannot be replayed: says which file, where in it, and what to do. */
export class InstanceError extends Error {
  override readonly name = 'InstanceError';
}

const ids = z.array(z.string().min(1)).default([]);
const seconds = z.number().min(0);

/** Versions 1.5 and 1.6: what is to be done, and apart from it what was. */
const Split = z.object({
  name: z.string(),
  workflow: z.object({
    specification: z.object({
      tasks: z.array(z.object({ id: z.string().min(1), parents: ids, children: ids })).min(1),
    }),
    execution: z
      .object({
        makespanInSeconds: seconds.optional(),
        tasks: z.array(z.object({ id: z.string().min(1), runtimeInSeconds: seconds })),
      })
      .optional(),
  }),
});

/** Versions 1.3 and 1.4: both in one list, tasks naming each other. */
const Joined = z.object({
  name: z.string(),
  workflow: z.object({
    makespan: seconds.optional(),
    makespanInSeconds: seconds.optional(),
    tasks: z
      .array(
        z.object({
          name: z.string().min(1),
          id: z.string().min(1).optional(),
          runtime: seconds.optional(),
          runtimeInSeconds: seconds.optional(),
          parents: ids,
          children: ids,
        }),
      )
      .min(1),
  }),
});

const Versioned = z.object({ schemaVersion: z.string() });
const READERS: Readonly<Record<string, (json: unknown, file: string) => Loaded>> = {
  '1.3': readJoined,
  '1.4': readJoined,
  '1.5': readSplit,
  '1.6': readSplit,
};

/** An instance whose tasks still name their parents or their children as they like. */
interface Loaded extends Omit<WorkflowInstance, 'tasks'> {
  readonly tasks: readonly (InstanceTask & {
    readonly names: readonly string[];
    readonly children: readonly string[];
  })[];
}

/** Reads the file of an instance. @throws {InstanceError} */
export function readInstance(file: string): WorkflowInstance {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new InstanceError(`${file}: cannot be read (${String(error)}). Name a file in WfFormat`);
  }
  return parseInstance(text, file);
}

/**
 * Reads an instance in WfFormat (https://wfcommons.org), versions 1.3 to 1.6.
 *
 * @param file its name, for messages
 * @throws {InstanceError}
 */
export function parseInstance(text: string, file: string): WorkflowInstance {
  const json = parseJson(text, file);
  const { schemaVersion } = parseAs(Versioned, json, file);
  const read = READERS[schemaVersion];
  if (read === undefined)
    throw new InstanceError(
      `${file}: schemaVersion is '${schemaVersion}', and ${Object.keys(READERS).join(', ')} can be read. Migrate the file with wfcommons-migrate-instance.py of https://github.com/wfcommons/WfFormat`,
    );
  const { tasks, ...instance } = read(json, file);
  const resolved = resolveParents(tasks, file);
  const circle = unorderable(resolved);
  if (circle.length > 0)
    throw new InstanceError(
      `${file}: no order holds for ${circle.length} tasks that wait for each other, '${circle[0]}' among them. Take one of their 'parents' out`,
    );
  return { ...instance, tasks: resolved };
}

export interface InstanceDefinitionOptions {
  readonly name: string;
  readonly config: NonNullable<DefinitionInput['config']>;
  /** What a task becomes, but for what it waits for. */
  readonly node: (task: InstanceTask) => {
    readonly handler: string;
    readonly input: Json;
    readonly timeoutSeconds?: number;
  };
}

/** The node that a task becomes: ids of the format may hold what ours may not. */
export const instanceNodeId = (index: number): string => `task${index}`;

/** The workflow of an instance: a node for each task, in the file's order. */
export function instanceDefinition(
  { tasks }: WorkflowInstance,
  { name, config, node }: InstanceDefinitionOptions,
): DefinitionInput {
  const nodeIds = new Map(tasks.map(({ id }, index) => [id, instanceNodeId(index)]));
  const nodes = tasks.map((task, index) => {
    const dependsOn = task.parents.flatMap((parent) => nodeIds.get(parent) ?? []);
    return [instanceNodeId(index), { ...node(task), dependsOn }] as const;
  });
  return { name, config, nodes: Object.fromEntries(nodes) };
}

function readSplit(json: unknown, file: string): Loaded {
  const { name, workflow } = parseAs(Split, json, file);
  const { specification, execution } = workflow;
  const runtimes = new Map(execution?.tasks.map(({ id, runtimeInSeconds }) => [id, runtimeInSeconds]));
  return {
    name,
    hasRuntimes: execution !== undefined,
    ...(execution?.makespanInSeconds !== undefined && { makespanSeconds: execution.makespanInSeconds }),
    tasks: specification.tasks.map(({ id, parents, children }, index) => {
      const runtimeSeconds = execution === undefined ? 0 : runtimes.get(id);
      if (runtimeSeconds === undefined)
        throw new InstanceError(
          `${file}: workflow.execution.tasks has none with the id '${id}', which is workflow.specification.tasks[${index}]. Add it with its runtimeInSeconds`,
        );
      return { id, names: [id], parents, children, runtimeSeconds };
    }),
  };
}

function readJoined(json: unknown, file: string): Loaded {
  const { name, workflow } = parseAs(Joined, json, file);
  const makespanSeconds = workflow.makespanInSeconds ?? workflow.makespan;
  return {
    name,
    hasRuntimes: true,
    ...(makespanSeconds !== undefined && { makespanSeconds }),
    tasks: workflow.tasks.map((task, index) => {
      const runtimeSeconds = task.runtimeInSeconds ?? task.runtime;
      if (runtimeSeconds === undefined)
        throw new InstanceError(
          `${file}: workflow.tasks[${index}] ('${task.name}') has neither runtimeInSeconds nor runtime. Add one of them`,
        );
      const id = task.id === undefined || task.name.includes(task.id) ? task.name : `${task.name}_${task.id}`;
      const names = [id, task.name, ...(task.id === undefined ? [] : [task.id])];
      return { id, names, parents: task.parents, children: task.children, runtimeSeconds };
    }),
  };
}

/** A dependency may be told at either end. */
function resolveParents(tasks: Loaded['tasks'], file: string): InstanceTask[] {
  const known = new Map<string, string>();
  const parents = new Map<string, Set<string>>();
  for (const { id } of tasks) {
    if (parents.has(id))
      throw new InstanceError(`${file}: two tasks have the id '${id}'. Give one of them, and its children, another`);
    parents.set(id, new Set());
  }
  for (const { id, names } of tasks) for (const name of names) if (!known.has(name)) known.set(name, id);
  const find = (name: string, id: string, field: string): string => {
    const found = known.get(name);
    if (found !== undefined) return found;
    throw new InstanceError(
      `${file}: '${name}', in '${field}' of the task '${id}', is no task. Correct it, or take it out`,
    );
  };
  for (const task of tasks) {
    for (const name of task.parents) parents.get(task.id)?.add(find(name, task.id, 'parents'));
    for (const name of task.children) parents.get(find(name, task.id, 'children'))?.add(task.id);
  }
  return tasks.map(({ id, runtimeSeconds }) => ({ id, runtimeSeconds, parents: [...(parents.get(id) ?? [])] }));
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InstanceError(`${file}: is not JSON (${String(error)}). It should be an instance in WfFormat`);
  }
}

function parseAs<T>(schema: z.ZodType<T>, json: unknown, file: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue, ...others] = parsed.error.issues;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  throw new InstanceError(
    `${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message}${more}. WfFormat is told at https://github.com/wfcommons/WfFormat`,
  );
}
