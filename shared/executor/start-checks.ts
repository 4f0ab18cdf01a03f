import { zodIssues } from '../core/compile.ts';
import { namedPool, type Plan } from '../core/plan.ts';
import { InvalidDefinitionError, InvalidInputError } from '../errors.ts';
import { ExecutionConfig, type ExecutionConfigInput } from '../model/config.ts';
import { DEFAULT_POOL, type Pools } from '../model/pools.ts';

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

/** @throws {InvalidInputError} */
export function resolveConfig(
  defaults: ExecutionConfigInput,
  plan: Plan,
  overrides: ExecutionConfigInput,
): ExecutionConfig {
  const parsed = ExecutionConfig.safeParse({ ...defaults, ...plan.definition.config, ...overrides });
  if (!parsed.success) throw new InvalidInputError('The execution config', zodIssues(parsed.error));
  return parsed.data;
}
