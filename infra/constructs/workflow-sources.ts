import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { missingHandlers } from '../../cli/missing-handlers.ts';
import { compile } from '../../shared/core/compile.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { describeCause, FanjoinError, InvalidDefinitionError, type Issue } from '../../shared/errors.ts';
import { assertPools, timeoutIssues } from '../../shared/executor/start-checks.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Runners } from '../../shared/model/runners.ts';
import type { Trigger } from '../../shared/model/trigger.ts';
import type { Workflow } from '../../shared/nodes/define-workflow.ts';
import { DefinitionFileError, parseDefinitionFile } from '../../shared/nodes/definition-file.ts';

/** A workflow to publish: the path of a YAML or JSON file, what `defineWorkflow` gave, or a definition itself. */
export type WorkflowSource = string | Pick<Workflow, 'definition'> | DefinitionInput;

/** By the names that triggers have for them. */
export interface TriggerSources {
  readonly buses?: Readonly<Record<string, unknown>>;
  readonly buckets?: Readonly<Record<string, unknown>>;
  readonly queues?: Readonly<Record<string, unknown>>;
}

/** What a workflow finds where it will run. */
export interface WorkflowSurroundings {
  /** What handlers there are, and the file they are from. */
  readonly handlers: { readonly types: readonly string[]; readonly file: string };
  /** Named pools, beside `default`. */
  readonly pools: readonly string[];
  /** What runs the pools' nodes. */
  readonly runners: Runners;
  /** Names of secrets. */
  readonly secrets: readonly string[];
  /** What triggers may name. Default: nothing. */
  readonly triggerSources?: TriggerSources;
}

/**
 * Reads workflows and sees that each could run: what the API would refuse, or would fail where it runs, fails here.
 * @throws {FanjoinError} `INVALID_DEFINITION`, with every issue and its place in the file; `WORKFLOW_NOT_READ`,
 *   `DUPLICATE_WORKFLOW`
 */
export function readWorkflows(sources: readonly WorkflowSource[], surroundings: WorkflowSurroundings): readonly Plan[] {
  const plans = sources.map((source) =>
    typeof source === 'string'
      ? fromFile(source, surroundings)
      : check('definition' in source ? source.definition : source, surroundings),
  );
  const names = plans.map(({ definition }) => definition.name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined)
    throw new FanjoinError('DUPLICATE_WORKFLOW', `Two of the workflows are called '${repeated}'; rename one of them`);
  return plans;
}

function fromFile(file: string, surroundings: WorkflowSurroundings): Plan {
  const { value, place } = parseDefinitionFile(read(file), relative('', file));
  try {
    return check(value, surroundings);
  } catch (error) {
    if (!(error instanceof InvalidDefinitionError)) throw error;
    throw new DefinitionFileError(relative('', file), error.issues.map(place));
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const message = `The workflow file '${file}' cannot be read: ${describeCause(cause)}`;
    throw new FanjoinError('WORKFLOW_NOT_READ', message, { cause });
  }
}

function check(definition: unknown, surroundings: WorkflowSurroundings): Plan {
  const { handlers, pools, runners, secrets, triggerSources = {} } = surroundings;
  const plan = compile(definition);
  assertPools(plan, Object.fromEntries(pools.map((pool) => [pool, {}])));
  const handlersKnown = handlers.types.map((type) => ({ type }));
  const issues: Issue[] = [
    ...missingHandlers(plan.definition, handlersKnown, relative('', handlers.file)),
    ...plan.secrets.flatMap(({ path, name }) =>
      secrets.includes(name)
        ? []
        : [{ path, code: 'UNKNOWN_SECRET', message: `refers to a secret that the executor has not: '${name}'` }],
    ),
    ...timeoutIssues(plan, runners),
    ...(plan.definition.triggers ?? []).flatMap((trigger, index) => unknownSource(trigger, index, triggerSources)),
  ];
  if (issues.length > 0) throw new InvalidDefinitionError(plan.definition.name, issues);
  return plan;
}

/** A bus, bucket or queue that the executor was not given. */
function unknownSource(trigger: Trigger, index: number, given: TriggerSources): Issue[] {
  const source = sourceOf(trigger);
  if (source === undefined) return [];
  const { field, kind, name } = source;
  const known = Object.keys(given[kind] ?? {});
  if (known.includes(name)) return [];
  const there = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  const message = `names what the executor was not given: '${name}' (${there}). Pass it as triggers: { ${kind}: { ${name}: … } }`;
  return [{ path: `triggers[${index}].${field}`, code: 'UNKNOWN_TRIGGER_SOURCE', message }];
}

function sourceOf(
  trigger: Trigger,
): { readonly field: string; readonly kind: keyof TriggerSources; readonly name: string } | undefined {
  switch (trigger.type) {
    case 'event':
      return trigger.bus === undefined ? undefined : { field: 'bus', kind: 'buses', name: trigger.bus };
    case 's3':
      return { field: 'bucket', kind: 'buckets', name: trigger.bucket };
    case 'sqs':
      return { field: 'queue', kind: 'queues', name: trigger.queue };
    case 'schedule':
      return undefined;
  }
}
