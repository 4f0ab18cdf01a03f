import { evaluateCondition, evaluateMapping } from '../core/mapping.ts';
import { findNode } from '../core/plan.ts';
import { isRetryable, matchesErrorName, retryDelay } from '../core/retry.ts';
import { FanjoinError, toErrorInfo } from '../errors.ts';
import { defaultRetryPolicy, type RetryPolicy } from '../model/config.ts';
import { type CatchClause, type Choice, END_TARGET } from '../model/definition.ts';
import type { NodeId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import type { ErrorInfo, ResultSource } from '../model/result.ts';
import type { AttemptOutcome } from './attempt.ts';
import { nodeErrors } from './node-errors.ts';
import type { Visit } from './visit.ts';

/** How a visit ends, before it is written. */
export interface Settlement {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'SKIPPED';
  readonly source: ResultSource;
  readonly output?: Json;
  readonly error?: ErrorInfo;
  readonly fallbackError?: ErrorInfo;
  readonly next?: NodeId | null;
}

type Success = AttemptOutcome & { isSuccess: true };
type Failure = AttemptOutcome & { isSuccess: false };

/** The policy a node's attempts follow; `undefined`: one attempt is all. */
export function retryPolicyOf({ meta, node: { definition } }: Visit): RetryPolicy | undefined {
  const own = 'retry' in definition ? definition.retry : undefined;
  return own ?? (meta.config.retryFailedNodes ? defaultRetryPolicy(meta.config) : undefined);
}

/** Milliseconds until the next attempt, or `undefined` if there is none to come. */
export function retryDelayOf(
  visit: Visit,
  { error, retryable, isAborted }: Failure,
  random: () => number,
): number | undefined {
  const policy = retryPolicyOf(visit);
  if (policy === undefined || isAborted === true || visit.task.attempt > policy.maxRetries) return undefined;
  return isRetryable(policy, error, retryable) ? retryDelay(policy, visit.task.attempt, random()) : undefined;
}

/** A visit whose handler, choice or transform succeeded: where it goes on, if it routes. */
export async function settleSuccess(
  visit: Visit,
  outcome: Success,
  source: ResultSource,
  error?: ErrorInfo,
): Promise<Settlement> {
  const route = await routeOf(visit, outcome);
  if ('error' in route) return settleFailure(visit, { isSuccess: false, error: route.error });
  return { status: 'SUCCEEDED', source, output: outcome.output, ...route, ...(error !== undefined && { error }) };
}

/** A visit that failed for good: its catch clauses may still turn that into a success. */
export async function settleFailure(
  visit: Visit,
  { error, isAborted }: Failure,
  fallbackError?: ErrorInfo,
): Promise<Settlement> {
  const errors = { error, ...(fallbackError !== undefined && { fallbackError }) };
  const clause = isAborted === true ? undefined : catchClauseOf(visit, error);
  if (clause === undefined) return { status: 'FAILED', source: 'handler', ...errors };
  const caught = await caughtOutput(visit, clause, error);
  if ('problem' in caught)
    return { status: 'FAILED', source: 'catch', ...errors, error: { ...caught.problem, cause: error } };
  const { output } = caught;
  const next =
    clause.next === undefined ? await routeOf(visit, { isSuccess: true, output }) : resolveTarget(visit, clause.next);
  if ('error' in next) return { status: 'FAILED', source: 'catch', ...errors };
  return { status: 'SUCCEEDED', source: 'catch', output, ...next, ...errors };
}

/** A visit whose `runIf` was false goes on as if it had given null. */
export async function settleSkip(visit: Visit): Promise<Settlement> {
  const route = await routeOf(visit, { isSuccess: true, output: null });
  return 'error' in route
    ? { status: 'FAILED', source: 'engine', error: route.error }
    : { status: 'SKIPPED', source: 'engine', ...route };
}

function catchClauseOf({ node: { definition } }: Visit, { name }: ErrorInfo): CatchClause | undefined {
  const clauses = 'catch' in definition ? (definition.catch ?? []) : [];
  return clauses.find(({ errors }) => errors.some((pattern) => matchesErrorName(name, pattern)));
}

/** A clause whose own expression fails must not leave the visit without any result. */
async function caughtOutput(
  { input }: Visit,
  { output = null }: CatchClause,
  { name, message }: ErrorInfo,
): Promise<{ output: Json } | { problem: ErrorInfo }> {
  try {
    const bindings = await input.bindings([output], { error: { name, message } });
    return { output: await evaluateMapping(output, await input.defaultInput(), bindings) };
  } catch (error) {
    return { problem: asFailure(error).error };
  }
}

type Route = { next?: NodeId | null } | { error: ErrorInfo };

/** Where to go on: `conditionalNext` beats `nextNodeId` beats `choices` beats `next`; else the end. */
async function routeOf(visit: Visit, outcome: Success): Promise<Route> {
  if (visit.plan.kind !== 'route') return {};
  const { id, definition } = visit.node;
  const said = outcome.conditionalNext ?? outcome.nextNodeId;
  if (said !== undefined) return resolveTarget(visit, said);
  const choices = definition.choices ?? [];
  try {
    const chosen = await firstTrue(visit, choices, outcome.output);
    if (chosen !== undefined) return resolveTarget(visit, chosen);
  } catch (error) {
    return { error: asFailure(error).error };
  }
  if (choices.length > 0 && definition.next === undefined) return { error: nodeErrors.noChoiceMatched(id) };
  return resolveTarget(visit, definition.next ?? END_TARGET);
}

async function firstTrue({ input }: Visit, choices: readonly Choice[], output: Json): Promise<string | undefined> {
  if (choices.length === 0) return undefined;
  const context = await input.defaultInput();
  const bindings = await input.bindings(
    choices.map(({ when }) => when),
    { output },
  );
  for (const { when, next } of choices) if (await evaluateCondition(when, context, bindings)) return next;
  return undefined;
}

function resolveTarget({ plan, node }: Visit, target: string): Route {
  if (target === END_TARGET) return { next: null };
  const found = findNode(plan, target);
  return found === undefined ? { error: nodeErrors.unknownNext(node.id, target) } : { next: found.id };
}

/** What fanjoin itself found wrong with a visit fails the visit; anything that may pass is thrown on, to come again. */
export function asFailure(error: unknown): Failure {
  if (error instanceof FanjoinError && !error.retryable)
    return { isSuccess: false, error: toErrorInfo(error), retryable: false };
  throw error;
}
