import { isDeepStrictEqual } from 'node:util';
import { Definition, type DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import type { ErrorInfo, NodeResultView } from '../../shared/model/result.ts';
import { expectGraph, mayRun, parentsOf, ruleOf, type Status } from './oracle-graph.ts';
import type { Expected } from './oracle-node.ts';
import { expectRoute } from './oracle-route.ts';

/** An ended execution, as any engine tells it. */
export interface AgreementResult {
  readonly status: string;
  readonly output?: Json | undefined;
  readonly error?: ErrorInfo | undefined;
  readonly failedNode?: string | undefined;
  /** Every ended visit, with outputs and failures. */
  readonly results: readonly NodeResultView[];
}

/**
 * Compares how an execution ended with what the specification says, by interpreting the workflow naively: no queue, no
 * state, no code of `shared/core`.
 *
 * Where several failures race, any of those that nothing absorbs may end the execution; nodes that its end cut off may
 * have any prefix of what they would have done, but no other result.
 *
 * @returns what is wrong, in words; nothing if all agrees
 */
export function check(
  source: DefinitionInput,
  input: Json,
  result: AgreementResult,
  { slackMs = 0 }: CheckOptions = {},
): string[] {
  const definition = Definition.parse(source);
  return definition.strategy === 'conditional'
    ? checkRoute(definition, input, result, slackMs)
    : checkGraph(definition, input, result, slackMs);
}

export interface CheckOptions {
  /** By how much the clocks of processes may differ. Default 0. */
  readonly slackMs?: number;
}

function checkGraph(definition: Definition, input: Json, result: AgreementResult, slackMs: number): string[] {
  const { nodes, fatal, output } = expectGraph(definition, input);
  const problems: string[] = [];
  const found = new Map(result.results.map((view) => [view.nodeId, view]));
  if (found.size !== result.results.length) problems.push('a node has two results');
  for (const [id, view] of found) problems.push(...checkVisit(id, nodes.get(id), view, fatal.length > 0));
  // Of an execution that was redriven, results of several runs stand side by side.
  if (result.results.every(({ run }) => run === 1)) problems.push(...checkOrder(definition, found, slackMs));
  if (fatal.length > 0) {
    const error = nodes.get(result.failedNode ?? '')?.error;
    problems.push(...differs('status', 'FAILED', result.status));
    if (!fatal.includes(result.failedNode ?? ''))
      problems.push(`failedNode is ${result.failedNode}, allowed are ${fatal.join(', ')}`);
    else problems.push(...differs('error', error, result.error?.name));
    return problems;
  }
  problems.push(...differs('status', 'SUCCEEDED', result.status), ...differs('output', output, result.output));
  for (const id of nodes.keys()) if (!found.has(id)) problems.push(`${id} has no result`);
  return problems;
}

function checkRoute(definition: Definition, input: Json, result: AgreementResult, slackMs: number): string[] {
  const { visits, failedNode, error, output } = expectRoute(definition, input);
  const problems: string[] = [];
  const found = new Map(result.results.map((view) => [`${view.nodeId} ${view.visit}`, view]));
  let before = Number.NEGATIVE_INFINITY;
  for (const { node, visit, expected } of visits) {
    const view = found.get(`${node} ${visit}`);
    found.delete(`${node} ${visit}`);
    if (view === undefined) {
      problems.push(`visit ${visit} of ${node} has no result`);
      continue;
    }
    problems.push(...checkVisit(`${node} ${visit}`, expected, view, false));
    if (view.run === 1 && firstStart(view) < before - slackMs)
      problems.push(`visit ${visit} of ${node} started before the visit before it ended`);
    before = view.endedAtMs;
  }
  for (const key of found.keys()) problems.push(`${key} was visited and should not`);
  if (error === undefined)
    return [...problems, ...differs('status', 'SUCCEEDED', result.status), ...differs('output', output, result.output)];
  return [
    ...problems,
    ...differs('status', 'FAILED', result.status),
    ...differs('error', error, result.error?.name),
    ...differs('failedNode', failedNode, result.failedNode),
  ];
}

/** @param mayBeCutOff its execution fails: it may have been stopped while it ran */
function checkVisit(
  name: string,
  expected: Expected | undefined,
  view: NodeResultView,
  mayBeCutOff: boolean,
): string[] {
  if (expected === undefined) return [`${name} ran and should be skipped`];
  if (mayBeCutOff && view.status === 'FAILED' && view.error?.name === 'NodeAborted') return [];
  // It failed by itself, and its fallback was cut off.
  const isFallbackCutOff = expected.source === 'fallback' && view.error?.name === expected.error;
  if (mayBeCutOff && view.status === 'FAILED' && isFallbackCutOff) return [];
  // What another execution gave for the same input is what this one would have given.
  if (view.source === 'cache' && expected.source === 'handler')
    return differs(`${name}: output`, expected.output, view.output);
  return [
    ...differs(`${name}: status`, expected.status, view.status),
    ...differs(`${name}: source`, expected.source, view.source),
    ...differs(`${name}: error`, expected.error, view.error?.name),
    ...(expected.status === 'SUCCEEDED' ? differs(`${name}: output`, expected.output, view.output) : []),
    ...(expected.attempts === undefined ? [] : differs(`${name}: attempts`, expected.attempts, view.attempts.length)),
    ...(expected.failures === undefined
      ? []
      : differs(
          `${name}: failures`,
          expected.failures,
          (view.failures ?? []).map(({ index, error }) => [index, error.name]),
        )),
  ];
}

/** No node started before what it waits for had ended as its rule asks. Rules-skipped parents end with their own parents. */
function checkOrder(definition: Definition, found: ReadonlyMap<string, NodeResultView>, slackMs: number): string[] {
  return [...found].flatMap(([id, view]) => {
    const startedAtMs = firstStart(view) + slackMs;
    const statuses = parentsOf(definition, id).map((parent) => statusAt(definition, found, parent, startedAtMs));
    return mayRun(ruleOf(definition, id), statuses) === true
      ? []
      : [`${id} started although its parents were ${statuses.join(', ')}`];
  });
}

function statusAt(
  definition: Definition,
  found: ReadonlyMap<string, NodeResultView>,
  id: string,
  atMs: number,
): Status | undefined {
  const view = found.get(id);
  if (view !== undefined) return view.endedAtMs <= atMs ? view.status : undefined;
  const parents = parentsOf(definition, id).map((parent) => statusAt(definition, found, parent, atMs));
  return mayRun(ruleOf(definition, id), parents) === false ? 'SKIPPED' : undefined;
}

const firstStart = (view: NodeResultView): number => view.attempts[0]?.startedAtMs ?? view.startedAtMs;

const differs = (what: string, expected: unknown, actual: unknown): string[] =>
  isDeepStrictEqual(expected, actual)
    ? []
    : [`${what} should be ${JSON.stringify(expected)} and is ${JSON.stringify(actual)}`];
