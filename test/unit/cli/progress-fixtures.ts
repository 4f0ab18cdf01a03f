import type { ProgressSnapshot } from '../../../cli/progress/snapshot.ts';
import { compile } from '../../../shared/core/compile.ts';
import type { Plan } from '../../../shared/core/plan.ts';
import type { ExecutionDescription } from '../../../shared/executor/description.ts';
import { ExecutionConfig } from '../../../shared/model/config.ts';
import type { NodeResultView } from '../../../shared/model/result.ts';

export const START = Date.UTC(2026, 2, 1, 12, 0, 0);

export function aPlan(nodes: Record<string, object>, more: object = {}): Plan {
  return compile({ name: 'example', nodes, ...more });
}

/** A diamond with a map: `parse → (check, sizes) → report`. */
export const PLAN = aPlan({
  parse: { handler: 'parse' },
  check: { type: 'map', handler: 'check', dependsOn: ['parse'], chunkSize: 25 },
  sizes: { handler: 'sizes', dependsOn: ['parse'] },
  report: { handler: 'report', dependsOn: ['check', 'sizes'] },
});

type Progress = ExecutionDescription['progress'];

export function aDescription(
  overrides: Partial<Omit<ExecutionDescription, 'progress'>> & { progress?: Partial<Progress> } = {},
  plan: Plan = PLAN,
): ExecutionDescription {
  const { progress, ...rest } = overrides;
  return {
    executionId: 'execution-1',
    workflow: plan.definition.name,
    definitionHash: plan.hash,
    status: 'RUNNING',
    isStopping: false,
    isAtRest: false,
    run: 1,
    startedAtMs: START,
    deadlineAtMs: START + 300_000,
    config: ExecutionConfig.parse({}),
    ...rest,
    progress: {
      nodes: plan.nodes.length,
      succeeded: 0,
      failed: 0,
      skipped: 0,
      running: [],
      inFlight: 0,
      maps: {},
      ...progress,
    },
  };
}

export function aResult(nodeId: string, overrides: Partial<NodeResultView> = {}): NodeResultView {
  const startedAtMs = START + 100;
  const endedAtMs = overrides.endedAtMs ?? startedAtMs + 12;
  return {
    nodeId,
    visit: 1,
    run: 1,
    status: 'SUCCEEDED',
    source: 'handler',
    attempts: [{ attempt: 1, startedAtMs, endedAtMs }],
    queuedAtMs: START,
    startedAtMs,
    endedAtMs,
    ...overrides,
  };
}

export const aSnapshot = (overrides: Partial<ProgressSnapshot> = {}): ProgressSnapshot => ({
  description: aDescription(),
  ended: [],
  nowMs: START + 1_000,
  ...overrides,
});

export const attempts = (count: number): NodeResultView['attempts'] =>
  Array.from({ length: count }, (_, index) => ({
    attempt: index + 1,
    startedAtMs: START + 100,
    endedAtMs: START + 112,
  }));
