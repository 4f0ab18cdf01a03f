import type { ExecutionConfig, RetryPolicy } from '../../shared/model/config.ts';
import type { Definition, MapNode, NodeDefinition, TaskNode } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import { type Behaviour, digestOf, GenericInput } from './generic-handlers.ts';
import { evaluate, isTrue, type Scope } from './oracle-expressions.ts';

/** How one visit of a node must end, whatever happens around it. */
export interface Expected {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'SKIPPED';
  readonly source: 'handler' | 'fallback' | 'catch' | 'engine';
  readonly output?: Json;
  /** The name of the error that is kept. */
  readonly error?: string;
  /** Tries of a node that is no map. */
  readonly attempts?: number;
  /** Failed items of a map: index and the error's name. */
  readonly failures?: readonly (readonly [number, string])[];
  /** The node its handler names. */
  readonly route?: string;
  /** What a catch clause says. */
  readonly caughtNext?: string | undefined;
}

type Config = Pick<ExecutionConfig, 'retryFailedNodes' | 'maxRetries'>;

export const configOf = ({ config }: Definition): Config => ({
  retryFailedNodes: config?.retryFailedNodes ?? false,
  maxRetries: config?.maxRetries ?? 3,
});

/** Runs a node that may start, as the specification tells it. */
export function expectNode(node: NodeDefinition, scope: Scope, visit: number, config: Config): Expected {
  if (node.runIf !== undefined && !isTrue(node.runIf, scope))
    return { status: 'SKIPPED', source: 'engine', attempts: 1 };
  switch (node.type) {
    case 'task':
      return expectTask(node, scope, visit, config);
    case 'map':
      return expectMap(node, scope, visit, config);
    case 'transform':
      return { status: 'SUCCEEDED', source: 'engine', output: evaluate(node.output, scope), attempts: 1 };
    case 'choice':
      return { status: 'SUCCEEDED', source: 'engine', output: scope.context, attempts: 1 };
  }
}

function expectTask(node: TaskNode, scope: Scope, visit: number, config: Config): Expected {
  const { behaviour, received } = GenericInput.parse(evaluate(node.input ?? null, scope));
  const { error, attempts } = tries(behaviour, policyOf(node, config));
  if (error === undefined) {
    const route = behaviour.route !== undefined && visit <= behaviour.route.times ? behaviour.route.to : undefined;
    const output = outputOf(received, visit, 'handler');
    return { status: 'SUCCEEDED', source: 'handler', output, attempts, ...(route !== undefined && { route }) };
  }
  if (node.fallback !== undefined && behaviour.fallbackFails === undefined) {
    return { status: 'SUCCEEDED', source: 'fallback', output: outputOf(received, visit, 'fallback'), error, attempts };
  }
  return caught(node, scope, { status: 'FAILED', source: 'handler', error, attempts });
}

function expectMap(node: MapNode, scope: Scope, visit: number, config: Config): Expected {
  const items = evaluate(node.items ?? '{% $ %}', scope);
  if (!Array.isArray(items)) throw new Error('The generator gives maps arrays');
  const outputs: Json[] = [];
  const failures: [number, string][] = [];
  for (const [index, item] of (items as readonly Json[]).entries()) {
    const { behaviour, received } = GenericInput.parse(
      evaluate(node.itemInput ?? '{% $item %}', { ...scope, item, index }),
    );
    const { error } = tries(behaviour, policyOf(node, config));
    const hasFallback = error !== undefined && node.fallback !== undefined;
    if (error === undefined) outputs.push(outputOf(received, visit, 'handler'));
    else if (hasFallback && behaviour.fallbackFails === undefined) outputs.push(outputOf(received, visit, 'fallback'));
    else {
      outputs.push(null);
      failures.push([index, hasFallback ? (behaviour.fallbackFails ?? error) : error]);
    }
  }
  const tolerated = Math.max(
    node.toleratedFailureCount ?? 0,
    Math.floor(((node.toleratedFailurePercentage ?? 0) / 100) * items.length),
  );
  if (failures.length <= tolerated)
    return { status: 'SUCCEEDED', source: items.length === 0 ? 'engine' : 'handler', output: outputs, failures };
  return caught(node, scope, { status: 'FAILED', source: 'handler', error: 'ToleratedFailureExceeded' });
}

/** The error that is left after the retries, if any, and how many tries there were. */
function tries(behaviour: Behaviour, policy: RetryPolicy | undefined): { error?: string; attempts: number } {
  const most = policy === undefined ? 1 : policy.maxRetries + 1;
  for (let attempt = 1; ; attempt++) {
    const { fail } = behaviour;
    if (fail === undefined || attempt > (behaviour.untilAttempt ?? Number.POSITIVE_INFINITY))
      return { attempts: attempt };
    if (attempt === most || policy === undefined || !mayRetry(policy, fail, behaviour.retryable))
      return { error: fail, attempts: attempt };
  }
}

export function policyOf(node: TaskNode | MapNode, config: Config): RetryPolicy | undefined {
  if (node.retry !== undefined) return node.retry;
  return config.retryFailedNodes
    ? { maxRetries: config.maxRetries, intervalSeconds: 1, backoffRate: 2, jitterStrategy: 'NONE' }
    : undefined;
}

function mayRetry(
  { retryableErrors, nonRetryableErrors = [] }: RetryPolicy,
  name: string,
  mark: boolean | undefined,
): boolean {
  if (mark !== undefined) return mark;
  return !isNamed(name, nonRetryableErrors) && (retryableErrors === undefined || isNamed(name, retryableErrors));
}

export const isNamed = (name: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));

/** What a catch clause makes of a failure. */
export function caught(node: NodeDefinition, scope: Scope, failed: Expected & { error?: string }): Expected {
  const { error = '' } = failed;
  const clause = 'catch' in node ? node.catch?.find(({ errors }) => isNamed(error, errors)) : undefined;
  if (clause === undefined) return failed;
  return {
    ...failed,
    status: 'SUCCEEDED',
    source: 'catch',
    output: evaluate(clause.output ?? null, { ...scope, error }),
    caughtNext: clause.next,
  };
}

function outputOf(received: Json | undefined, visit: number, source: 'handler' | 'fallback'): Json {
  const digest = digestOf(received ?? null);
  return { digest, isOdd: Number.parseInt(digest, 16) % 2 === 1, visit, source };
}
