import { compile } from '../../shared/core/compile.ts';
import type { Advance } from '../../shared/model/config.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import { NO_FAULTS } from './faults.ts';
import { ADVANCES, type Control, type ControlKind, type Scenario } from './scenario.ts';

export interface Workload {
  readonly definition: { readonly [field: string]: Json };
  readonly input?: Json;
  /** Default: none. */
  readonly controls?: readonly { readonly kind: ControlKind; readonly atMs: number; readonly choice?: number }[];
  readonly executions?: number;
  readonly redrives?: number;
  /** What goes wrong in any case. */
  readonly faults?: readonly string[];
  /** Only if executions advance so: its faults and times are of that. Default: in both cases. */
  readonly advance?: Advance;
}

const behave = (
  behaviour: { readonly [field: string]: Json } = {},
  more: { readonly [field: string]: Json } = {},
): Json => ({
  handler: 'test.behave',
  ...more,
  input: { behaviour: { takesMs: 10, ...behaviour }, received: '{% $ %}' },
});
const after = (...dependsOn: string[]) => ({ dependsOn });
const retry = { maxRetries: 2, intervalSeconds: 1, backoffRate: 1 };
const parallel = (nodes: { readonly [id: string]: Json }, more: { readonly [field: string]: Json } = {}) => ({
  name: 'workload',
  config: { timeoutSeconds: 86_400 },
  ...more,
  nodes,
});
const chain = { a: behave(), b: behave({}, after('a')), c: behave({}, after('b')) };
const slowChain = { a: behave(), b: behave({ takesMs: 3_000 }, after('a')), c: behave({}, after('b')) };

/** What is run with a crash at every call: small, each about one thing. */
const WORKLOADS: Readonly<Record<string, Workload>> = {
  chain: { definition: parallel(chain) },
  diamond: {
    definition: parallel({
      a: behave(),
      b: behave({}, after('a')),
      c: behave({}, after('a')),
      d: behave({}, after('b', 'c')),
    }),
  },
  'fan-out and join': {
    definition: parallel(
      {
        root: behave(),
        ...Object.fromEntries(
          [1, 2, 3, 4, 5, 6].map((index) => [`leaf${index}`, behave({ takesMs: index * 7 }, after('root'))]),
        ),
        join: behave({}, after('leaf1', 'leaf2', 'leaf3', 'leaf4', 'leaf5', 'leaf6')),
      },
      { config: { maxParallelNodes: 3, timeoutSeconds: 86_400 } },
    ),
  },
  loop: {
    definition: parallel(
      {
        again: behave({ route: { to: 'again', times: 3, by: 'nextNodeId' } }, { mayRouteTo: ['again'], next: 'last' }),
        last: behave(),
      },
      { strategy: 'conditional' },
    ),
  },
  map: {
    definition: parallel(
      {
        m: {
          type: 'map',
          handler: 'test.behave',
          items: '{% $input.items.m %}',
          itemInput: { behaviour: '{% $item %}', received: '{% $index %}' },
          chunkSize: 2,
        },
        behind: behave({}, after('m')),
      },
      { config: { maxParallelNodes: 2, timeoutSeconds: 86_400 } },
    ),
    input: { items: { m: [{ takesMs: 5 }, {}, { takesMs: 9 }, {}, {}] } },
  },
  retry: {
    definition: parallel({ a: behave({ fail: 'FlakyError', untilAttempt: 2 }, { retry }), b: behave({}, after('a')) }),
  },
  fallback: {
    definition: parallel({
      a: behave({ fail: 'FatalError' }, { fallback: { handler: 'test.fallback' } }),
      b: behave({}, after('a')),
    }),
  },
  cache: {
    definition: parallel(
      { a: behave({}, { cache: { ttlSeconds: 600 } }), b: behave({}, after('a')) },
      { cache: { ttlSeconds: 600 } },
    ),
    executions: 2,
  },
  'pause and resume': {
    definition: parallel(slowChain),
    controls: [
      { kind: 'pause', atMs: 1_500 },
      { kind: 'resume', atMs: 8_000 },
    ],
  },
  // The resume comes before a batch whose scheduler died as it paused comes again.
  'pause point': {
    definition: parallel(slowChain),
    controls: [
      { kind: 'pauseBefore', atMs: 100, choice: 0.9 },
      { kind: 'resume', atMs: 3_450 },
    ],
  },
  // A runner that saw the pause parks its message as the pause ends.
  'brief pause': {
    definition: parallel(chain),
    controls: [
      { kind: 'pause', atMs: 255 },
      { kind: 'resume', atMs: 300 },
    ],
    faults: ['callHangs@runner-1#5'],
    advance: 'stream',
  },
  'brief pause between two nodes': {
    definition: parallel(chain),
    controls: [
      { kind: 'pause', atMs: 44 },
      { kind: 'resume', atMs: 100 },
    ],
    faults: ['callHangs@runner-1#7'],
    advance: 'eager',
  },
  // Neither of the last two parents sees that the other ended: the scheduler dispatches the join.
  'join at once': {
    definition: parallel({
      a: behave(),
      b: behave({ takesMs: 32 }, after('a')),
      c: behave({}, after('a')),
      d: behave({}, after('b', 'c')),
    }),
    advance: 'eager',
  },
  // Sent by who finishes, and the last of them writes the end.
  'many ends': {
    definition: parallel({
      a: behave(),
      ...Object.fromEntries([1, 2, 3].map((index) => [`leaf${index}`, behave({ takesMs: index * 40 }, after('a'))])),
    }),
    advance: 'eager',
  },
  'late in a pause': {
    definition: parallel(chain),
    controls: [
      { kind: 'pause', atMs: 1_000 },
      { kind: 'resume', atMs: 90_000 },
    ],
    faults: ['messageLate@default/2'],
    advance: 'stream',
  },
  'late between pools in a pause': {
    definition: parallel({ a: behave(), b: behave({}, { pool: 'small', ...after('a') }), c: behave({}, after('b')) }),
    controls: [
      { kind: 'pause', atMs: 1_000 },
      { kind: 'resume', atMs: 90_000 },
    ],
    faults: ['messageLate@small/1'],
    advance: 'eager',
  },
  cancel: { definition: parallel(slowChain), controls: [{ kind: 'cancel', atMs: 1_500 }] },
  'cancel of what would be caught': {
    definition: parallel({ a: behave({ takesMs: 3_000 }, { catch: [{ errors: ['*'] }] }), b: behave({}, after('a')) }),
    controls: [{ kind: 'cancel', atMs: 500 }],
    faults: ['handlerIsSlow@runner-1/handler 1'],
  },
  timeout: {
    definition: parallel({ a: behave(), b: behave({ takesMs: 9_000 }, after('a')) }, { config: { timeoutSeconds: 2 } }),
  },
  redrive: {
    definition: parallel({
      a: behave(),
      b: behave({ takesMs: 3_000 }, after('a')),
      c: behave({ takesMs: 2_000 }, after('a')),
      d: behave({}, after('b', 'c')),
    }),
    controls: [{ kind: 'cancel', atMs: 1_500 }],
    redrives: 1,
  },
  pool: {
    definition: parallel({ a: behave(), b: behave({}, { pool: 'small', ...after('a') }), c: behave({}, after('b')) }),
  },
  checkpoint: {
    definition: parallel(slowChain, {
      config: { enableCheckpoints: true, checkpointInterval: 1, timeoutSeconds: 86_400 },
    }),
    controls: [{ kind: 'resumeCheckpoint', atMs: 3_000, choice: 0.9 }],
  },
  // It is paused again by then, further on: a new execution goes on from that cut.
  'checkpoint of an earlier pause': {
    definition: parallel(slowChain),
    controls: [
      { kind: 'pause', atMs: 200 },
      { kind: 'resume', atMs: 2_000 },
      { kind: 'pause', atMs: 3_500 },
      { kind: 'resumeCheckpoint', atMs: 9_000, choice: 0 },
      { kind: 'resume', atMs: 12_000 },
    ],
  },
  // A handler that does not hear of the stop: its result comes when the next run has begun.
  'late result': {
    definition: parallel(slowChain),
    controls: [
      { kind: 'cancel', atMs: 300 },
      { kind: 'redrive', atMs: 10_700 },
    ],
    faults: ['handlerIsSlow@runner-1/handler 2'],
  },
  // In the next run its other parent ends first, beside what came late of this one.
  'late result before a join': {
    definition: parallel({
      a: behave(),
      b: behave({ takesMs: 3_000 }, after('a')),
      c: behave({ takesMs: 2_000 }, after('a')),
      d: behave({}, after('b', 'c')),
    }),
    controls: [
      { kind: 'cancel', atMs: 300 },
      { kind: 'redrive', atMs: 10_700 },
    ],
    faults: ['handlerIsSlow@runner-1/handler 2'],
    advance: 'eager',
  },
  // What it feeds has run, and would take its failure for one of its own.
  'cut off beside what ran': {
    definition: parallel({
      a: behave(),
      b: behave({ takesMs: 3_000 }),
      // It may begin before b ends, so it looks at nothing that it received.
      c: { handler: 'test.behave', ...after('a', 'b'), triggerRule: 'any_success', input: { behaviour: {} } },
    }),
    controls: [{ kind: 'cancel', atMs: 1_500 }],
    faults: ['handlerIsSlow@runner-1/handler 2'],
    redrives: 1,
  },
  // Longer than a queue keeps a message back, and than the sweep waits for a sign of life.
  'long wait': {
    definition: parallel({
      a: behave(
        { fail: 'FlakyError', untilAttempt: 1 },
        { retry: { maxRetries: 1, intervalSeconds: 2_000, backoffRate: 2 } },
      ),
      b: behave({}, after('a')),
    }),
    advance: 'eager',
  },
  // Two runners have the first node; one of them loses the race for its result, and the other may die.
  'delivered twice': {
    definition: parallel({ a: behave({ takesMs: 30_000 }), b: behave({}, after('a')), c: behave({}, after('b')) }),
    faults: ['visibilityEnds@default/delivery 1/default/1'],
    advance: 'eager',
  },
  'lost start': { definition: parallel(chain), faults: ['recordLost@stream/record 3'], advance: 'stream' },
  'lost result': { definition: parallel(chain), faults: ['recordLost@stream/record 5'], advance: 'stream' },
  'lost result, where all are told': {
    definition: parallel(
      { a: behave(), b: behave({ takesMs: 50 }), c: behave({}, after('a')), d: behave({}, after('b')) },
      { config: { maxParallelNodes: 1, timeoutSeconds: 86_400 } },
    ),
    faults: ['recordLost@stream/record 5'],
    advance: 'eager',
  },
  failure: {
    definition: parallel({
      a: behave(),
      b: behave({ fail: 'FatalError' }, after('a')),
      c: behave({ takesMs: 30 }, after('a')),
      d: behave({}, { ...after('b', 'c') }),
    }),
  },
};

/** The worlds of the workloads by name, without any fault. */
export const workloadScenarios = (): ReadonlyMap<string, Scenario> =>
  new Map(
    Object.entries(WORKLOADS).flatMap(([name, workload]) =>
      ADVANCES.filter((mode) => (workload.advance ?? mode) === mode).map((mode) => [
        `${name}, ${mode}`,
        workloadScenario(workload, mode),
      ]),
    ),
  );

/** The world of a workload, without any fault but its own. */
export function workloadScenario(
  { definition, input = null, controls = [], executions = 1, redrives = 0, faults = [] }: Workload,
  advance: Advance,
): Scenario {
  const source = definition as DefinitionInput;
  const plan = compile(source);
  return {
    seed: 1,
    executions: Array.from({ length: executions }, (_, index) => ({
      executionId: `x${index + 1}`,
      definition: source,
      input,
      startAtMs: index * 40,
    })),
    controls: controls.map(
      ({ kind, atMs, choice = 0 }, index): Control => ({
        id: `${kind}@control ${index}`,
        kind,
        executionId: 'x1',
        atMs,
        choice,
      }),
    ),
    plans: new Map([[plan.definition.name, plan]]),
    pools: ['default', 'small'],
    maxConcurrency: 10,
    lanes: 1,
    resultShards: 2,
    isObserved: true,
    lifecycle: 'nodes',
    advance,
    faults: NO_FAULTS,
    latencies: {
      callMs: (site) => 1 + (site.length % 3),
      streamMs: () => 100,
      queueMs: () => 15,
      startMs: () => 0,
      coldStarts: 0.15,
      hasFullBatches: false,
      consumersAfter: () => Number.POSITIVE_INFINITY,
    },
    redrives,
    always: faults,
  };
}
