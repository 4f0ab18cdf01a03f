import { join } from 'node:path';
import type { LedgerEntry } from '../../../infra/local/ledger.ts';
import { startLocalStack } from '../../../infra/local/local-stack.ts';
import { type OperationCounts, priceOf } from '../../../shared/billing/prices.ts';
import type { Advance } from '../../../shared/model/config.ts';
import { canRunEmulators } from '../../support/aws-emulators.ts';
import { COST_WORKLOADS } from '../cost-workloads.ts';
import { type Figure, type Measurements, type SuiteOptions, toFigure } from '../figures.ts';
import { ASSUMED_MS_PER_INVOCATION, billedCounts, readLedger } from '../ledger.ts';
import { computePeerCosts } from '../peer-costs.ts';
import { workload } from '../workloads.ts';

const MODES: readonly Advance[] = ['stream', 'eager'];
const SMOKE_WORKLOADS = 1;
const SMOKE_MODES: readonly Advance[] = ['eager'];
/** Too many for a stack on a laptop to be a matter of minutes: a tenth of it tells what an item costs. */
const LARGE = 'map:10000';
const TENTH = 'map:1000';

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
  const priced = isSmoke ? COST_WORKLOADS.slice(0, SMOKE_WORKLOADS) : COST_WORKLOADS;
  const names = priced.map(({ workload: name }) => (name === LARGE ? TENTH : name));
  if (!canRunEmulators()) {
    const note = 'DynamoDB Local needs Java';
    for (const name of names) add(costFigure({ who: 'default', name, usd: undefined, note }));
    return { figures, wrong: [] };
  }
  for (const advance of isSmoke ? SMOKE_MODES : MODES) {
    await using stack = await startLocalStack({
      isMetered: true,
      advance,
      handlersEntry: join(import.meta.dirname, '../handlers.ts'),
      // A machine that is slow makes deliveries come again: they are counted, not told.
      log: () => undefined,
    });
    // Once before: what is slow the first time makes more batches than what runs on Lambda.
    for (const name of names.slice(0, 3)) await readLedger(stack, workload(name));
    for (const name of names) {
      const reading = await readLedger(stack, workload(name)).catch((error: Error) => error.message);
      if (typeof reading === 'string') {
        add(costFigure({ who: `${advance}, default stack`, name, usd: undefined, note: reading.slice(0, 200) }));
        continue;
      }
      const engine = billedCounts(stack.ledger.entriesOf(reading.executionId).filter(isEngine));
      add(
        costFigure({
          who: `${advance}, default stack`,
          name,
          usd: reading.usdPerMillion,
          note: textOf(reading.counts),
        }),
        costFigure({ who: `${advance}, engine only`, name, usd: priceOf(engine) * 1e6, note: textOf(engine) }),
      );
    }
  }
  for (const { workload: name, elsewhere } of priced) {
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
