import { join } from 'node:path';
import type { LedgerEntry } from '../../../infra/local/ledger.ts';
import { startLocalStack } from '../../../infra/local/local-stack.ts';
import { type OperationCounts, priceOf, sumOperations } from '../../../shared/billing/prices.ts';
import type { Advance } from '../../../shared/model/config.ts';
import { canRunEmulators } from '../../support/aws-emulators.ts';
import { COST_WORKLOADS } from '../cost-workloads.ts';
import { type Figure, type Measurements, type SuiteOptions, toFigure } from '../figures.ts';
import { ASSUMED_MS_PER_INVOCATION, billedCounts, readLedgerRuns, WATCHED } from '../ledger.ts';
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
    for (const name of names) add(costFigure({ who: 'default', name, counts: [], note }));
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
    for (const name of names) {
      const readings = await readLedgerRuns(stack, workload(name)).catch((error: Error) => error.message);
      if (typeof readings === 'string') {
        add(costFigure({ who: `${advance}, default stack`, name, counts: [], note: readings.slice(0, 200) }));
        continue;
      }
      const whole = readings.map(({ counts }) => counts);
      const engine = readings.map(({ executionId }) =>
        sumOperations([billedCounts(stack.ledger.entriesOf(executionId).filter(isEngine)), WATCHED]),
      );
      add(
        costFigure({ who: `${advance}, default stack`, name, counts: whole }),
        costFigure({ who: `${advance}, engine only`, name, counts: engine }),
      );
    }
  }
  for (const { workload: name, elsewhere } of priced) {
    const { standard, express, durable } = computePeerCosts(elsewhere);
    add(
      toCost({ who: 'Step Functions Standard', name, usd: [standard], note: 'a transition into each state' }),
      toCost({ who: 'Step Functions Express', name, usd: [express], note: 'not durable: at least once, the whole' }),
      toCost({ who: 'durable functions', name, usd: [durable[0]], note: 'steps side by side' }),
    );
  }
  return { figures, wrong: [] };
}

/** The engine itself: without the HTTP API before it, and without history, metrics and events behind it. */
const isEngine = ({ caller, operation }: LedgerEntry): boolean =>
  caller !== 'Observer' && !(operation.startsWith('Invoke ') && caller === 'ApiFunction');

/** Cheapest run first; the counts that are told are those in the middle. */
function costFigure(of: { who: string; name: string; counts: readonly OperationCounts[]; note?: string }): Figure {
  const { who, name, counts } = of;
  const inTheMiddle = counts[Math.floor(counts.length / 2)];
  const note = of.note ?? (inTheMiddle && textOf(inTheMiddle)) ?? '';
  return toCost({ who, name, usd: counts.map((some) => priceOf(some) * 1e6), note });
}

const toCost = (of: { who: string; name: string; usd: readonly number[]; note: string }): Figure =>
  toFigure({
    suite: 'stack',
    who: of.who,
    workload: of.name,
    what: 'cost',
    unit: 'USD a million',
    samples: of.usd,
    note: of.note,
  });

const textOf = ({ computeGbSeconds, ...counts }: OperationCounts): string =>
  [
    ...Object.entries(counts).filter(([, count]) => count > 0),
    [`GB-s at ${ASSUMED_MS_PER_INVOCATION} ms an invocation`, computeGbSeconds] as const,
  ]
    .map(([kind, count]) => `${kind} ${count.toLocaleString('en-US', { maximumFractionDigits: 2 })}`)
    .join(', ');
