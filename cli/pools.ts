import { namedPool, type Plan } from '../shared/core/plan.ts';
import { PoolName, Pools } from '../shared/model/pools.ts';
import { UsageError } from './usage-error.ts';

/** Every pool that nodes of a workflow name, with the sizes of `--pool name=size`. @throws {UsageError} */
export function poolsOf(plan: Plan, sizes: readonly string[] = []): Pools {
  const named = plan.nodes.flatMap(({ definition }) => namedPool(definition) ?? []);
  const given = sizes.map((pair): [string, { size: number }] => {
    const [name = '', size = ''] = pair.split('=');
    if (!PoolName.safeParse(name).success || !/^\d+$/.test(size))
      throw new UsageError(`--pool takes name=size, not '${pair}'`);
    if (!named.includes(name)) {
      const there =
        named.length === 0 ? 'None of its nodes names a pool.' : `There are: ${[...new Set(named)].join(', ')}`;
      throw new UsageError(`'${plan.definition.name}' has no pool '${name}'. ${there}`);
    }
    return [name, { size: Number(size) }];
  });
  const pools = Pools.safeParse({
    ...Object.fromEntries(named.map((name) => [name, {}])),
    ...Object.fromEntries(given),
  });
  if (!pools.success) throw new UsageError(`--pool takes sizes from 1 to 1000, not '${sizes.join(' ')}'`);
  return pools.data;
}
