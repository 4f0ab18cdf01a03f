import { join } from 'node:path';
import type { LedgerEntry } from '../../../infra/local/ledger.ts';
import { startLocalStack } from '../../../infra/local/local-stack.ts';
import type { Advance } from '../../../shared/model/config.ts';
import { type OperationCounts, priceOf } from '../../../shared/observability/prices.ts';
import { canRunEmulators } from '../../support/aws-emulators.ts';
import { COST_WORKLOADS } from '../cost-workloads.ts';
import { type Figure, type Measurements, type SuiteOptions, toFigure } from '../figures.ts';
import { ASSUMED_MS_PER_INVOCATION, billedCounts, readLedger } from '../ledger.ts';
import { computePeerCosts } from '../peer-costs.ts';
import { workload } from '../workloads.ts';

const MODES: readonly Advance[] = ['stream', 'eager'];
const SMOKE_WORKLOADS = 1;

/**
 * What executions ask AWS for, counted on the local stack, and what that costs by list prices; beside it the same work
 * elsewhere. How long anything takes here is not told: it says nothing of AWS.
 */
export async function measureStack({ isSmoke, onFigures }: SuiteOptions): Promise<Measurements> {
  const figures: Figure[] = [];
  const add = (...some: Figure[]) => {
    figures.push(...some);
    onFigures(some);
  };
  const workloads = isSmoke ? COST_WORKLOADS.slice(0, SMOKE_WORKLOADS) : COST_WORKLOADS;
  if (!canRunEmulators()) {
    const note = 'DynamoDB Local needs Java';
    for (const priced of workloads) add(costFigure({ who: 'default', name: priced.workload, usd: undefined, note }));
    return { figures, wrong: [] };
  }
  for (const advance of MODES) {
    await using stack = await startLocalStack({
      isMetered: true,
      advance,
      handlersEntry: join(import.meta.dirname, '../handlers.ts'),
    });
    // Once before: what is slow the first time makes more batches than what runs on Lambda.
    for (const priced of workloads.slice(0, 3)) await readLedger(stack, workload(priced.workload));
    for (const { workload: name } of workloads) {
      const { executionId, counts, usdPerMillion } = await readLedger(stack, workload(name));
      const engine = billedCounts(stack.ledger.entriesOf(executionId).filter(isEngine));
      add(
        costFigure({ who: `${advance}, default stack`, name, usd: usdPerMillion, note: textOf(counts) }),
        costFigure({ who: `${advance}, engine only`, name, usd: priceOf(engine) * 1e6, note: textOf(engine) }),
      );
    }
  }
  for (const { workload: name, elsewhere } of workloads) {
    const { standard, express, durable } = computePeerCosts(elsewhere);
    add(
      costFigure({ who: 'Step Functions Standard', name, usd: standard, note: 'a transition into each state' }),
      costFigure({ who: 'Step Functions Express', name, usd: express, note: 'not durable: at least once, the whole' }),
      costFigure({ who: 'durable functions', name, usd: durable[0], note: 'steps side by side' }),
    );
  }
  return { figures, wrong: [] };
}

/** The engine itself: without the HTTP API before it, and without history, metrics and events behind it. */
const isEngine = ({ caller, operation }: LedgerEntry): boolean =>
  caller !== 'Observer' && !(operation.startsWith('Invoke ') && caller === 'ApiFunction');

const costFigure = (of: { who: string; name: string; usd: number | undefined; note: string }): Figure =>
  toFigure({
    suite: 'stack',
    who: of.who,
    workload: of.name,
    what: 'cost',
    unit: 'USD a million',
    samples: of.usd === undefined ? undefined : [of.usd],
    note: of.note,
  });

const textOf = ({ computeGbSeconds, ...counts }: OperationCounts): string =>
  [
    ...Object.entries(counts).filter(([, count]) => count > 0),
    [`GB-s at ${ASSUMED_MS_PER_INVOCATION} ms an invocation`, computeGbSeconds] as const,
  ]
    .map(([kind, count]) => `${kind} ${count.toLocaleString('en-US', { maximumFractionDigits: 2 })}`)
    .join(', ');
