import { describe, expect, it } from 'vitest';
import { emptyBits, setBit } from '../../../shared/core/bits.ts';
import { nodeAt } from '../../../shared/core/plan.ts';
import { triggerRule } from '../../../shared/core/trigger-rule.ts';
import type { TriggerRule } from '../../../shared/model/definition.ts';
import { aPlan, aTask } from '../../support/factories.ts';

type Parent = 'succeeded' | 'failed' | 'skipped' | 'open';
const PARENTS: readonly Parent[] = ['succeeded', 'failed', 'skipped', 'open'];

/** What each rule says, in the words of its documentation. */
const RULES: Readonly<Record<TriggerRule, (parents: readonly Parent[]) => 'run' | 'skip' | 'wait'>> = {
  all_success: (parents) =>
    all(
      parents,
      ['succeeded'],
      parents.some((parent) => parent === 'failed' || parent === 'skipped'),
    ),
  all_failed: (parents) =>
    all(
      parents,
      ['failed'],
      parents.some((parent) => parent === 'succeeded' || parent === 'skipped'),
    ),
  none_failed: (parents) => all(parents, ['succeeded', 'skipped'], parents.includes('failed')),
  all_done: (parents) => all(parents, ['succeeded', 'skipped', 'failed'], false),
  any_success: (parents) => (parents.includes('succeeded') ? 'run' : parents.includes('open') ? 'wait' : 'skip'),
  any_failed: (parents) => (parents.includes('failed') ? 'run' : parents.includes('open') ? 'wait' : 'skip'),
};

const all = (parents: readonly Parent[], wanted: readonly Parent[], isHopeless: boolean) =>
  isHopeless ? 'skip' : parents.every((parent) => wanted.includes(parent)) ? 'run' : 'wait';

function combinations(count: number): Parent[][] {
  return count === 0 ? [[]] : combinations(count - 1).flatMap((rest) => PARENTS.map((parent) => [...rest, parent]));
}

function readiness(rule: TriggerRule, parents: readonly Parent[]) {
  const ids = parents.map((_, index) => `p${index}`);
  const plan = aPlan({
    ...Object.fromEntries(ids.map((id) => [id, aTask()])),
    child: aTask({ dependsOn: ids, triggerRule: rule }),
  });
  const outcomes = {
    succeeded: emptyBits(ids.length + 1),
    failed: emptyBits(ids.length + 1),
    skipped: emptyBits(ids.length + 1),
  };
  for (const [index, parent] of parents.entries()) if (parent !== 'open') setBit(outcomes[parent], index);
  return triggerRule(nodeAt(plan, ids.length), outcomes);
}

describe.each(Object.keys(RULES) as TriggerRule[])('%s', (rule) => {
  it('holds in every combination of up to three parents', () => {
    for (const parents of [1, 2, 3].flatMap(combinations)) {
      expect(readiness(rule, parents), parents.join(' ')).toBe(RULES[rule](parents));
    }
  });

  it('holds for wide joins, which are tested as bits, as for narrow ones', () => {
    for (const [first, second, third] of combinations(3)) {
      const parents = Array.from(
        { length: 40 },
        (_, index) => (index === 7 ? first : index === 31 ? second : third) ?? 'open',
      );

      expect(readiness(rule, parents), `${first} ${second} ${third}`).toBe(RULES[rule](parents));
    }
  });
});
