import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startLocalStack } from '../../infra/local/local-stack.ts';
import { type OperationCounts, PRICES, sumOperations } from '../../shared/billing/prices.ts';
import { COST_WORKLOADS, type CostWorkload } from './cost-workloads.ts';
import { ASSUMED_MS_PER_INVOCATION, type LedgerReading, readLedgerRuns } from './ledger.ts';
import { computePeerCosts, PEER_ASSUMPTIONS } from './peer-costs.ts';
import { workload } from './workloads.ts';

/** `npm run docs:cost`: runs the workloads on a metered local stack and writes what they cost to `docs/cost.md`. */
const FILE = join(import.meta.dirname, '../../docs/cost.md');

const COLUMNS: Readonly<Record<keyof OperationCounts, string>> = {
  apiRequests: 'API requests',
  writeUnits: 'write units',
  readUnits: 'read units',
  queueRequests: 'SQS requests',
  invocations: 'invocations',
  computeGbSeconds: 'GB-seconds',
  objectPuts: 'S3 puts',
  objectGets: 'S3 gets',
  busEvents: 'events',
};

const number = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 10 && !Number.isInteger(value) ? 2 : 0 });
const usd = (value: number): string =>
  `$${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
const rounded = (value: number): string =>
  `$${value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 })}`;
const perMillion = (value: number): string => usd(value * 1e6);
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(heads), row(heads.map((_head, column) => (column === 0 ? '---' : '--:'))), ...rows.map(row)].join('\n');

/** How executions may advance: what a stack's `advance` is. */
const MODES = ['stream', 'eager'] as const;

interface Measured {
  readonly workload: CostWorkload;
  readonly readings: Readonly<Record<(typeof MODES)[number], LedgerReading>>;
}

const kinds = Object.entries(COLUMNS).map(([kind, title]) => [kind, title] as const);
const countOf = (counts: OperationCounts, kind: string): number =>
  Object.entries(counts).find(([name]) => name === kind)?.[1] ?? 0;

const countsTable = (measured: readonly Measured[]): string =>
  table(
    ['one execution', 'advance', ...kinds.map(([, title]) => title), 'USD for a million'],
    measured.flatMap(({ workload, readings }) =>
      MODES.map((mode) => [
        workload.title,
        `\`${mode}\``,
        ...kinds.map(([kind]) => number(countOf(readings[mode].counts, kind))),
        `**${rounded(readings[mode].usdPerMillion)}**`,
      ]),
    ),
  );

const peersTable = (measured: readonly Measured[]): string =>
  table(
    [
      'a million executions',
      ...MODES.map((mode) => `fanjoin, \`${mode}\``),
      'Standard',
      'Express',
      'durable functions',
    ],
    measured.map(({ workload: { title, elsewhere }, readings }) => {
      const { standard, express, durable } = computePeerCosts(elsewhere);
      const [least, most] = durable.map(rounded);
      return [
        title,
        ...MODES.map((mode) => `**${rounded(readings[mode].usdPerMillion)}**`),
        rounded(standard),
        rounded(express),
        least === most ? `${least}` : `${least}–${most}`,
      ];
    }),
  );

const pricesTable = (): string =>
  table(
    ['', 'USD for a million'],
    [
      ...kinds.map(([kind, title]) => [title, perMillion(countOf(PRICES.usd, kind))]),
      ['Standard: transitions', perMillion(PRICES.peers.usd.standardTransitions)],
      ['Express: executions', perMillion(PRICES.peers.usd.expressRequests)],
      ['Express: GB-seconds', perMillion(PRICES.peers.usd.expressGbSeconds)],
      ['durable functions: operations', perMillion(PRICES.peers.usd.durableOperations)],
      ['durable functions: GB written, for one', usd(PRICES.peers.usd.durableGbWritten)],
    ],
  );

const page = (measured: readonly Measured[]): string => `# What an execution costs

<!-- Written by \`npm run docs:cost\`. What is changed by hand is overwritten. -->

Every request that the stack's functions, queues and event sources make on the [local stack](how-it-works.md#what-it-costs)
is noted, with the capacity that Amazon's DynamoDB Local says it consumed, and priced by the list prices of ${PRICES.region}
as of ${PRICES.asOf}. This page is that ledger. **It is no bill**: nobody has run this on AWS yet. \`npm run verify:aws\` is
there to compare the two ([operations](operations.md#trying-it-on-aws)).

${countsTable(measured)}

- \`advance\` is a setting of the stack: with \`eager\`, the default, who finishes a node starts what follows, where that is
  safe ([how it works](how-it-works.md)); with \`stream\` every result goes through the scheduler.
- Each workload ran alone, on a stack that was warm, started over the API: three times, of which the middle one is told. Executions side by side share invocations,
  batches and state writes, so each costs a little less than one alone.
- Handlers give back what they are given: some bytes, where nothing else is said. JSON is a list of orders, which deflate
  packs to a quarter. Their own time is not in it; it costs the same everywhere.
- What the sweep reads of an execution, to see that it ended, is in it: half a read unit, a minute and a half after its start.
- **GB-seconds are not measured**: how long a function takes on this machine says nothing of Lambda. Each invocation is taken
  to last ${ASSUMED_MS_PER_INVOCATION} ms (three requests of 5 ms, one after another) in the memory its function has. Everything else is counted.
- The plain map was measured with 1,000 items, and is told ten times: some percent more than the whole, as an input of 1,000
  stands in the execution's item, which each batch of ten reads; that of 10,000 is an object.
- Counts differ by some percent from run to run: how many results share a batch depends on when they come.
- Not in it: storage, logs (nothing per node at the default level), metrics and alarms, polls of empty queues, free tiers.
- History, metrics and events are in it, as they are deployed by default.

## Beside others

${peersTable(measured)}

The same work by the same list prices: without the handlers' own time, with an invocation for each call of a handler where the
workflow does not run in the function itself. **They do not promise the same.**

| | runs a step | history | at most | what is counted here |
| --- | --- | --- | --- | --- |
| fanjoin | at least once; its result counts once | kept in your table | a year; 100,000 nodes, maps of 1,000,000 | the ledger above |
| Step Functions Standard | exactly once (a task's function at least once) | 90 days | a year; 25,000 events, so maps of this size must be distributed | a transition into each state: the tasks, and the Parallel or Map around them; a distributed map's children add their own |
| Step Functions Express | at least once, the whole workflow again | in CloudWatch Logs, if switched on: not counted | 5 minutes | the execution, and ${PEER_ASSUMPTIONS.expressTaskMs} ms a task on the longest path, in 64 MB |
| Lambda durable functions | at least once; its result counts once | as long as you pay for it: not counted | a year; [3,000 operations](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), so not the plain map | an operation for the start and each step, ${PEER_ASSUMPTIONS.bytesPerOperation} bytes each; the higher number with a context around each branch (\`context.map\`, \`context.parallel\`). Handlers run in the function itself: one core for all |

Chunks are compared with chunks: elsewhere, too, a task or step of them takes 100 items.

## Prices

${pricesTable()}

From ${[...PRICES.sources, ...PRICES.peers.sources].map((url) => `[${new URL(url).pathname.split('/')[1]}](${url})`).join(', ')},
in [one table](../shared/billing/prices.ts).

## What you can do about it

- **Chunk maps**: \`chunkSize\` is how many items share a message, a result and an invocation.
- **Keep what flows small**: an item over 1 KB costs a write unit for each further one; over 8 KB it goes to S3, a put for
  the writer and a get for each reader.
- **Lifecycle events** are two of each execution: \`lifecycleEvents: false\`.
- **Search attributes** cost two write units each.
- \`traceExecution\` writes down every start of a node.
- \`result.metrics.billedOperations\` tells it of each execution, derived from what stands of it.
`;

const scaled = (reading: LedgerReading, times = 1): LedgerReading => ({
  ...reading,
  counts: sumOperations([reading.counts], times),
  usdPerMillion: reading.usdPerMillion * times,
});

/** Each on a stack of its own: what it was told of one is not in the ledger of another. */
async function measure(mode: (typeof MODES)[number]): Promise<ReadonlyMap<CostWorkload, LedgerReading>> {
  await using stack = await startLocalStack({
    isMetered: true,
    handlersEntry: join(import.meta.dirname, 'handlers.ts'),
    advance: mode,
    log: () => {},
  });
  const readings = new Map<CostWorkload, LedgerReading>();
  for (const priced of COST_WORKLOADS) {
    const runs = await readLedgerRuns(stack, workload(priced.workload));
    const inTheMiddle = runs[Math.floor(runs.length / 2)];
    if (inTheMiddle === undefined) throw new Error('Unreachable: there are runs');
    const reading = scaled(inTheMiddle, priced.times);
    console.log(`${priced.title.padEnd(34)} ${mode.padEnd(6)} ${rounded(reading.usdPerMillion)} for a million`);
    readings.set(priced, reading);
  }
  return readings;
}

const stream = await measure('stream');
const eager = await measure('eager');
const measured = COST_WORKLOADS.flatMap((priced) => {
  const readings = { stream: stream.get(priced), eager: eager.get(priced) };
  return readings.stream === undefined || readings.eager === undefined
    ? []
    : [{ workload: priced, readings: { stream: readings.stream, eager: readings.eager } }];
});
await writeFile(FILE, page(measured));
console.log('Written to docs/cost.md');
