import { MISSPELT_SECRET } from '../core/compile-secrets.ts';
import { pathText } from '../core/json.ts';
import { namedPool, type Plan, timeoutSecondsOf } from '../core/plan.ts';
import { markersIn } from '../core/secret-references.ts';
import { zodIssues } from '../core/zod-issues.ts';
import { InvalidDefinitionError, InvalidInputError, type Issue } from '../errors.ts';
import { ExecutionConfig, type ExecutionConfigInput } from '../model/config.ts';
import type { Json } from '../model/json.ts';
import { DEFAULT_POOL, type Pools } from '../model/pools.ts';
import { type Runners, runnerOf } from '../model/runners.ts';
import type { SecretStore } from '../ports/secret-store.ts';

/** @throws {InvalidDefinitionError} a node names a pool that does not exist here */
export function assertPools(plan: Plan, pools: Pools): void {
  const known = [DEFAULT_POOL, ...Object.keys(pools)];
  const issues = plan.nodes.flatMap(({ id, definition }) => {
    const pool = namedPool(definition);
    if (pool === undefined || known.includes(pool)) return [];
    const message = `names a pool that does not exist: '${pool}'. There are: ${known.join(', ')}`;
    return [{ path: `nodes.${id}.pool`, code: 'UNKNOWN_POOL', message }];
  });
  if (issues.length > 0) throw new InvalidDefinitionError(plan.definition.name, issues);
}

/**
 * Nodes that may outlive the function that runs them: it would end them in the midst, again and again, until they fail
 * with `RunnerCrashed`.
 */
export function timeoutIssues(plan: Plan, runners: Runners): readonly Issue[] {
  return plan.nodes.flatMap((node) => {
    const { id, definition } = node;
    if (definition.type !== 'task' && definition.type !== 'map') return [];
    const { pool = DEFAULT_POOL } = definition;
    const limit = runnerOf(runners, pool)?.timeoutSeconds;
    // Its fallback comes right after it, and may take as long.
    const hasFallback = definition.fallback !== undefined;
    const seconds = timeoutSecondsOf(node) * (hasFallback ? 2 : 1);
    if (limit === undefined || seconds < limit) return [];
    const why = [
      ...(hasFallback ? ['with its fallback'] : []),
      ...(definition.timeoutSeconds === undefined ? ['as nothing else is said'] : []),
    ];
    const message = `may take ${[`${seconds} s`, ...why].join(', ')}, and an invocation of the pool '${pool}' ends after ${limit} s; give the node a shorter timeout, or the pool a longer one (at most 15 minutes)`;
    return [{ path: `nodes.${id}.timeoutSeconds`, code: 'TIMEOUT_TOO_LONG', message }];
  });
}

/** @throws {InvalidDefinitionError} a node may outlive the function that runs it */
export function assertTimeouts(plan: Plan, runners: Runners): void {
  const issues = timeoutIssues(plan, runners);
  if (issues.length > 0) throw new InvalidDefinitionError(plan.definition.name, issues);
}

/** A secret, and where it is named. */
interface SecretAt {
  readonly path: string;
  readonly name: string;
}

/** The secrets that globals refer to. @throws {InvalidInputError} what is to be a reference is misspelt */
export function namedSecrets(globals: Readonly<Record<string, Json>> = {}): readonly SecretAt[] {
  const markers = [...markersIn(globals, ['globals'])].map(({ path, name }) => ({ path: pathText(path), name }));
  const issues = markers.flatMap(({ path, name }) =>
    name === undefined || path === 'globals' ? [{ path, code: 'INVALID_SECRET', message: MISSPELT_SECRET }] : [],
  );
  if (issues.length > 0) throw new InvalidInputError('The start request', issues);
  return markers.flatMap(({ path, name }) => (name === undefined ? [] : [{ path, name }]));
}

/** @throws {InvalidInputError} `UNKNOWN_SECRET`: there are none by these names */
export function assertSecrets(named: readonly SecretAt[], secrets: Pick<SecretStore, 'missing'>): void {
  const issues = named.flatMap(({ path, name }) => {
    const remedy = secrets.missing(name);
    if (remedy === undefined) return [];
    return [{ path, code: 'UNKNOWN_SECRET', message: `refers to a secret that is not here: '${name}'; ${remedy}` }];
  });
  if (issues.length > 0) throw new InvalidInputError('The start request', issues, 'UNKNOWN_SECRET');
}

/** @throws {InvalidInputError} */
export function resolveConfig(
  defaults: ExecutionConfigInput,
  plan: Plan,
  overrides: ExecutionConfigInput,
): ExecutionConfig {
  const { handlers, ...merged } = { ...defaults, ...plan.definition.config, ...overrides };
  const parsed = ExecutionConfig.safeParse({ ...merged, ...(handlers === 'pinned' && { handlers }) });
  if (!parsed.success) throw new InvalidInputError('The execution config', zodIssues(parsed.error));
  return parsed.data;
}
