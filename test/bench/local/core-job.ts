import { compile } from '../../../shared/core/compile.ts';
import { decide } from '../../../shared/core/decide.ts';
import type { CoreEvent } from '../../../shared/core/events.ts';
import { initialState } from '../../../shared/core/initial-state.ts';
import type { Plan } from '../../../shared/core/plan.ts';
import { workload } from '../workloads.ts';

/**
 * How long it takes to compile a layered graph, from the object that a user writes to the plan (parsed, checked, hashed,
 * indexed), and to decide on all of it, a layer's results at a time.
 */
export function measureCore({ nodes, runs }: { readonly nodes: number; readonly runs: number }) {
  const { definition } = workload(`layered:${nodes}`);
  const samples = { compileMs: [] as number[], decideUsPerNode: [] as number[] };
  for (let run = -2; run < runs; run++) {
    const beganMs = performance.now();
    const plan = compile(definition);
    const compiledMs = performance.now();
    decideAll(plan);
    const decidedMs = performance.now();
    if (run < 0) continue;
    samples.compileMs.push(compiledMs - beganMs);
    samples.decideUsPerNode.push(((decidedMs - compiledMs) * 1_000) / nodes);
  }
  return samples;
}

/** @throws {Error} it does not end: what was measured was something else */
function decideAll(plan: Plan): void {
  let decision = decide(plan, initialState(plan, plan.definition.config?.maxParallelNodes ?? 10), []);
  while (decision.dispatch.length > 0) {
    const settled = decision.dispatch.flatMap((work): CoreEvent[] =>
      work.kind === 'node' ? [{ type: 'settled', node: work.node, visit: work.visit, status: 'SUCCEEDED' }] : [],
    );
    decision = decide(plan, decision.state, settled);
  }
  if (decision.state.ending?.status !== 'SUCCEEDED') throw new Error('The graph was not decided to its end');
}
