import { itemSizeBytes } from '../../shared/adapters/local/item-size.ts';
import { compile } from '../../shared/core/compile.ts';
import { type Advance, DEFAULT_ADVANCE } from '../../shared/model/config.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import type { Json } from '../../shared/model/json.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import { criticalPathMs } from '../bench/measure/critical-path.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { instanceDefinition, readInstance } from '../support/wfcommons.ts';
import { Dice } from './dice.ts';
import { NO_FAULTS } from './faults.ts';
import type { Call } from './ports.ts';
import type { Latencies } from './process.ts';
import { World } from './world.ts';

/** A shape whose time and operations on AWS are predicted. */
interface Shape {
  readonly name: string;
  readonly definition: DefinitionInput;
  readonly input: Json;
  readonly runs: number;
  /** The longest way through it, in the handlers' own time. */
  readonly handlersMs: number;
}

/** Median and 99th percentile in milliseconds. */
const LATENCY = {
  stream: [213, 552],
  queue: [16, 105],
  write: [5, 20],
  read: [3, 12],
  send: [8, 40],
  blob: [25, 120],
  coldStart: [350, 900],
} as const;
/** Where each figure is from: what others measured, what AWS says, or nothing but our assumption. */
const SOURCES: Readonly<Record<keyof typeof LATENCY | 'writes' | 'consumers' | 'prices', string>> = {
  stream: 'measured: bitesizedserverless.com/bite/serverless-messaging-latency-compared (1,024 events, 2022)',
  queue: 'measured: the same',
  write:
    '"single-digit milliseconds" (docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html); p99 assumed',
  read: 'the same; p99 assumed',
  send: 'assumed',
  blob: 'assumed; AWS says 100 to 200 (docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html)',
  coldStart:
    '"under 100 ms to over 1 s" (aws.amazon.com/blogs/compute/operating-lambda-performance-optimization-part-1)',
  writes:
    '1,000 a second to a partition (docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)',
  consumers: '5 at first, 300 more a minute (docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html)',
  prices: 'aws.amazon.com/{dynamodb,sqs,lambda}/pricing: us-east-1, on demand, arm64',
};
/** Writes a partition takes: 1,000 a second. */
const WRITE_SPACING_MS = 1;
/** Lambda begins with five batches of a queue at once, and adds up to 300 a minute. */
const FIRST_CONSUMERS = 5;
const MORE_CONSUMERS_PER_SECOND = 5;
/** Of the stack's default pool. */
const MAX_CONSUMERS = 50;
/** A new on-demand table takes 4,000 writes a second: four partitions, a shard of the stream each. */
const STREAM_LANES = 4;
const RUNNER_TIMEOUT_SECONDS = 900;
const LONGEST_TASK_SECONDS = 840;
/** Millions of dollars are per million of them: us-east-1, on demand, arm64. */
const PRICE = { write: 0.625, read: 0.125, queue: 0.4, invocation: 0.2, gigabyteSecond: 13.33 } as const;
const MEMORY_GB = { scheduler: 1, runner: 1, 'dead-letter': 0.5, observer: 0.5, sweep: 0.5, api: 0.5 } as const;
const NODE_MS = 50;
const TIMEOUT_SECONDS = 86_400;
const MAX_STEPS = 20_000_000;
/** After an execution, until all that hear of it have. */
const SETTLES_MS = 30_000;
/** The second finds more consumers than the first did. */
const WARM_UPS = 2;

/** What a shape is expected to take and to ask for on AWS: a prediction, not a measurement. */
export interface Prediction {
  readonly name: string;
  /** The longest way through it, in the handlers' own time: what took longer is the executor's. */
  readonly handlersMs: number;
  /** Until its end, of each run, ascending. */
  readonly tookMs: readonly number[];
  /** Of the run in the middle. */
  readonly median: RunOfShape;
}

export interface PredictOptions {
  /** Of a WfCommons instance. Default: shapes of our own. */
  readonly file?: string | undefined;
  readonly advance?: Advance | undefined;
  /** Whether each shape ran before, so that its instances are there. Default: they start cold. */
  readonly isWarm?: boolean;
  /** At most so many of each shape, each with other latencies. */
  readonly runs?: number;
}

/** Runs shapes on the latencies of AWS. */
export async function* predictions(options: PredictOptions = {}): AsyncGenerator<Prediction> {
  const { file } = options;
  for (const shape of file === undefined ? shapes() : [instance(file)]) yield await predictShape(shape, options);
}

/** {@link predictions} as lines of text. */
export async function* predict(file: string | undefined, advance: Advance = DEFAULT_ADVANCE): AsyncGenerator<string> {
  yield 'PREDICTION by simulation of the deployed functions, no measurement on AWS. Latencies as p50 / p99 in ms:';
  yield `  ${Object.entries(LATENCY)
    .map(([what, [median, tail]]) => `${what} ${median} / ${tail}`)
    .join(', ')}`;
  yield `  nodes of the shapes take ${NODE_MS} ms; map items 10 ms; ${MAX_CONSUMERS} invocations of 10 messages at once; the observer is on`;
  yield 'Where these are from:';
  for (const [what, source] of Object.entries(SOURCES)) yield `  ${what.padEnd(10)} ${source}`;
  yield '';
  yield `${'predicted'.padEnd(34)} ${['median s', 'slowest s', 'writes KB', 'reads 4KB', 'queue req', 'invoked', 'cold', '$/1000'].map((head) => head.padStart(10)).join('')}`;
  for await (const prediction of predictions({ file, advance })) yield toLine(prediction);
}

async function predictShape(shape: Shape, options: PredictOptions): Promise<Prediction> {
  const measured: RunOfShape[] = [];
  const runs = Math.min(shape.runs, options.runs ?? shape.runs);
  for (let seed = 1; seed <= runs; seed++) measured.push(await runShape(shape, seed, options));
  measured.sort((a, b) => a.tookMs - b.tookMs);
  const median = measured[Math.floor(measured.length / 2)];
  if (median === undefined) throw new Error('There is at least one run');
  const { name, handlersMs } = shape;
  return { name, handlersMs, tookMs: measured.map(({ tookMs }) => tookMs), median };
}

function toLine({ name, tookMs, median }: Prediction): string {
  const { writes, reads, queue, invocations, coldStarts, dollars } = median;
  const numbers = [
    (median.tookMs / 1_000).toFixed(2),
    (Math.max(...tookMs) / 1_000).toFixed(2),
    ...[writes, reads, queue, invocations, coldStarts].map(String),
    (dollars * 1_000).toFixed(3),
  ];
  return `${name.padEnd(34)} ${numbers.map((number) => number.padStart(10)).join('')}`;
}

type RunOfShape = Awaited<ReturnType<typeof runShape>>;

async function runShape(
  { definition, input }: Pick<Shape, 'definition' | 'input'>,
  seed: number,
  { advance = DEFAULT_ADVANCE, isWarm = false }: PredictOptions,
) {
  const plan = compile(definition);
  const billed = { writes: 0, reads: 0, queue: 0 };
  const world = new World({
    seed,
    faults: NO_FAULTS,
    latencies: latenciesOf(new Dice(seed)),
    plans: new Map([[plan.definition.name, plan]]),
    pools: ['default'],
    maxConcurrency: MAX_CONSUMERS,
    lanes: STREAM_LANES,
    keepsOrderOf: 'partition',
    isObserved: true,
    advance,
    isWatched: false,
    runnerTimeoutSeconds: RUNNER_TIMEOUT_SECONDS,
    handlers: genericHandlers,
    onDone: (call, value) => bill(billed, call, value),
  });
  for (let earlier = 0; isWarm && earlier < WARM_UPS; earlier++) {
    await untilEnded(world, { definition, input, executionId: ExecutionId.parse(`before-${earlier}`) });
    const { elapsedMs } = world.loop;
    while (world.loop.elapsedMs < elapsedMs + SETTLES_MS) await world.loop.step();
  }
  const before = operationsOf(world, billed);
  const tookMs = await untilEnded(world, { definition, input, executionId: ExecutionId.parse('predicted') });
  world.close();
  while (!world.isQuiet && (await world.loop.step()));
  const after = operationsOf(world, billed);
  const counts = {
    writes: after.writes - before.writes,
    reads: after.reads - before.reads,
    queue: after.queue - before.queue,
    invocations: after.invocations - before.invocations,
    coldStarts: after.coldStarts - before.coldStarts,
  };
  const millionths =
    counts.writes * PRICE.write +
    counts.reads * PRICE.read +
    counts.queue * PRICE.queue +
    counts.invocations * PRICE.invocation +
    (after.gigabyteSeconds - before.gigabyteSeconds) * PRICE.gigabyteSecond;
  return { tookMs, ...counts, dollars: millionths / 1_000_000 };
}

/** Starts an execution, and gives how long it took. @throws {Error} it does not end, or does not succeed */
async function untilEnded(
  { api, loop, table }: World,
  start: { readonly definition: DefinitionInput; readonly input: Json; readonly executionId: ExecutionId },
): Promise<number> {
  const startedAtMs = loop.elapsedMs;
  void api.invoke((service) => service.start(start));
  while (loop.steps < MAX_STEPS && (await loop.step())) {
    const meta = table.get({ pk: `EXEC#${start.executionId}`, sk: 'META' });
    if (meta === undefined || !isTerminal(meta.status as never)) continue;
    if (meta.status !== 'SUCCEEDED') throw new Error(`It ended ${String(meta.status)}: ${JSON.stringify(meta.error)}`);
    return loop.elapsedMs - startedAtMs;
  }
  throw new Error('It does not end');
}

/** What all that ran so far asked for. */
function operationsOf(
  world: World,
  { writes, reads, queue }: { readonly writes: number; readonly reads: number; readonly queue: number },
) {
  const functions = [...world.functions];
  const polls = [...world.queues.values()].reduce((sum, { requests }) => sum + 2 * requests.polls, 0);
  return {
    writes,
    reads,
    queue: queue + polls,
    invocations: functions.reduce((sum, [, host]) => sum + host.invocations, 0),
    coldStarts: functions.reduce((sum, [, host]) => sum + host.coldStarts, 0),
    gigabyteSeconds: functions.reduce(
      (sum, [name, { busyMs }]) => sum + (busyMs / 1_000) * (MEMORY_GB[name as keyof typeof MEMORY_GB] ?? 0),
      0,
    ),
  };
}

/** Writes are billed by the kilobyte of the item, reads by four, messages by the request of ten. */
function bill(
  billed: { writes: number; reads: number; queue: number },
  { port, name, isWrite }: Call<unknown>,
  value: unknown,
): void {
  if (port === 'queue') billed.queue += Math.ceil(Number(/^send (\d+)/.exec(name)?.[1] ?? 1) / 10);
  if (port !== 'table') return;
  if (isWrite)
    billed.writes +=
      Math.ceil(bytesIn([Reflect.get(Object(value), 'item') ?? Reflect.get(Object(value), 'standing')]) / 1_024) || 1;
  else billed.reads += Math.ceil(bytesIn(itemsIn(value)) / 4_096) || 1;
}

const itemsIn = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  const items: unknown = Reflect.get(Object(value), 'items');
  return Array.isArray(items) ? items : [value];
};

const bytesIn = (items: readonly unknown[]): number =>
  items.reduce<number>((sum, item) => sum + (isItem(item) ? itemSizeBytes(item) : 0), 0);

const isItem = (value: unknown): value is Item => typeof value === 'object' && value !== null && 'pk' in value;

function latenciesOf(dice: Dice): Latencies {
  const freeAtMs = new Map<string, number>();
  const draw = (site: string, [median, tail]: readonly [number, number]) => {
    // Log-normal, by Box and Muller.
    const normal =
      Math.sqrt(-2 * Math.log(1 - dice.roll(`${site}/a`))) * Math.cos(2 * Math.PI * dice.roll(`${site}/b`));
    return median * Math.exp(normal * (Math.log(tail / median) / NORMAL_P99));
  };
  return {
    callMs(site, { port, name, isWrite }, nowMs) {
      if (port === 'queue') return draw(site, LATENCY.send);
      if (port === 'blobs') return draw(site, LATENCY.blob);
      if (!isWrite) return draw(site, LATENCY.read);
      const [, partition = ''] = name.split(' ');
      const free = Math.max(nowMs, freeAtMs.get(partition) ?? 0);
      freeAtMs.set(partition, free + WRITE_SPACING_MS);
      return free - nowMs + draw(site, LATENCY.write);
    },
    streamMs: (site) => draw(site, LATENCY.stream),
    queueMs: (site) => draw(site, LATENCY.queue),
    startMs: (site) => draw(site, LATENCY.coldStart),
    coldStarts: 0,
    hasFullBatches: true,
    consumersAfter: (seconds) => FIRST_CONSUMERS + MORE_CONSUMERS_PER_SECOND * seconds,
  };
}

/** Of a standard normal distribution. */
const NORMAL_P99 = 2.326;

const aNode = (dependsOn: readonly string[] = [], takesMs = NODE_MS) => ({
  handler: 'test.behave',
  dependsOn: [...dependsOn],
  input: { behaviour: { takesMs } },
});

const aWorkflow = (name: string, nodes: object, maxParallelNodes: number) =>
  ({ name, config: { maxParallelNodes, timeoutSeconds: TIMEOUT_SECONDS }, nodes }) as DefinitionInput;

function fanOut(width: number): Shape {
  const leaves = Array.from({ length: width }, (_, index) => `leaf${index}`);
  const nodes = {
    root: aNode(),
    ...Object.fromEntries(leaves.map((leaf) => [leaf, aNode(['root'])])),
    join: aNode(leaves),
  };
  return {
    name: `fan-out ${width} and join`,
    definition: aWorkflow('fan-out', nodes, width),
    input: null,
    runs: width > 1_000 ? 1 : 5,
    handlersMs: 3 * NODE_MS,
  };
}

function shapes(): Shape[] {
  const chain = Array.from(
    { length: 10 },
    (_, index) => [`n${index}`, aNode(index === 0 ? [] : [`n${index - 1}`])] as const,
  );
  const diamond = { a: aNode(), b: aNode(['a']), c: aNode(['a']), d: aNode(['b', 'c']) };
  const map = {
    type: 'map',
    handler: 'test.behave',
    items: '{% [1..100000] %}',
    itemInput: { behaviour: { takesMs: 10 } },
    chunkSize: 100,
  };
  return [
    {
      name: 'chain 10',
      definition: aWorkflow('chain', Object.fromEntries(chain), 10),
      input: null,
      runs: 21,
      handlersMs: 10 * NODE_MS,
    },
    { name: 'diamond', definition: aWorkflow('diamond', diamond, 10), input: null, runs: 21, handlersMs: 3 * NODE_MS },
    ...[10, 100, 1_000, 10_000].map(fanOut),
    {
      name: 'map 100,000 in chunks of 100',
      definition: aWorkflow('map', { map }, 1_000),
      input: null,
      runs: 1,
      handlersMs: 100 * 10,
    },
  ];
}

/** @param file of a WfCommons instance */
function instance(file: string): Shape {
  const parsed = readInstance(file);
  const { name, tasks } = parsed;
  const definition = instanceDefinition(parsed, {
    name: 'instance',
    config: { maxParallelNodes: 1_000, timeoutSeconds: TIMEOUT_SECONDS },
    node: (task) => ({ ...aNode([], runsMs(task)), timeoutSeconds: LONGEST_TASK_SECONDS + 10 }),
  });
  const tooLong = tasks.filter(({ runtimeSeconds }) => runtimeSeconds > LONGEST_TASK_SECONDS).length;
  return {
    name: `${name.replace(/\.json$/, '').slice(0, 24)} (${tasks.length})${tooLong > 0 ? ` ${tooLong} cut to ${LONGEST_TASK_SECONDS} s` : ''}`,
    definition,
    input: null,
    runs: 5,
    handlersMs: criticalPathMs(
      tasks,
      new Map(tasks.map(({ id, ...task }) => [id, { startedMs: 0, endedMs: runsMs(task) }])),
    ),
  };
}

const runsMs = ({ runtimeSeconds }: { readonly runtimeSeconds: number }): number =>
  Math.round(Math.min(runtimeSeconds, LONGEST_TASK_SECONDS) * 1_000);
