import { randomGraph } from './random-workflow-graph.ts';
import type { RandomWorkflow } from './random-workflow-parts.ts';
import { randomRoute } from './random-workflow-route.ts';
import { Random } from './random-workflow-source.ts';

/**
 * A workflow that the seed determines: graphs with trigger rules, runIf, maps, retries, fallbacks and catch clauses;
 * sequences; routes with loops. Its outcome is one of those the oracle allows, whatever the timing.
 *
 * What would make data depend on timing is left out: a node with an `any_*` rule may start before its other parents
 * end, so it never looks at what it received from them.
 *
 * @param maxNodes fewer make smaller counterexamples
 */
export function randomWorkflow(seed: number, maxNodes = 14): RandomWorkflow {
  const random = new Random(seed);
  const strategy = random.pick(['parallel', 'parallel', 'parallel', 'sequential', 'conditional'] as const);
  if (strategy === 'conditional') return randomRoute(random, seed, Math.min(maxNodes, 7));
  return randomGraph(random, seed, strategy, strategy === 'sequential' ? Math.min(maxNodes, 7) : maxNodes);
}
