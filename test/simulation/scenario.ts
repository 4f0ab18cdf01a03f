import * as z from 'zod';
import { compile } from '../../shared/core/compile.ts';
import type { Plan } from '../../shared/core/plan.ts';
import type { Advance } from '../../shared/model/config.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { Json } from '../../shared/model/json.ts';
import { DEFAULT_POOL } from '../../shared/model/pools.ts';
import type { LifecycleScope } from '../../shared/observability/lifecycle-event.ts';
import { randomWorkflow } from '../support/random-workflow.ts';
import { Dice } from './dice.ts';
import { FAULT_KINDS, type FaultKind, type FaultPlan, type Rates } from './faults.ts';
import type { Latencies } from './process.ts';
import { type Situation, situationOf } from './situations.ts';

export interface PlannedExecution {
  readonly executionId: string;
  readonly definition: DefinitionInput;
  readonly input: Json;
  readonly config?: { readonly [field: string]: Json };
  readonly startAtMs: number;
}

export type ControlKind =
  | 'pause'
  | 'pauseBefore'
  | 'resume'
  | 'cancel'
  | 'redrive'
  | 'resumeCheckpoint'
  | 'startAgain'
  | 'adopt';

/** Something a user asks for, at a time that is his own. */
export interface Control {
  /** As a fault's: a run that fails is tried without it. */
  readonly id: string;
  readonly kind: ControlKind;
  readonly executionId: string;
  readonly atMs: number;
  /** In [0, 1): which node, which checkpoint. */
  readonly choice: number;
}

/** All that happens to one world, but for what its faults do. */
export interface Scenario {
  readonly seed: number;
  readonly executions: readonly PlannedExecution[];
  readonly controls: readonly Control[];
  readonly plans: ReadonlyMap<string, Plan>;
  readonly pools: readonly string[];
  readonly maxConcurrency: number;
  readonly lanes: number;
  /** Over how many partitions results are spread. */
  readonly resultShards: number;
  readonly isObserved: boolean;
  /** What a bus is told of executions that are observed; absent: there is none. */
  readonly lifecycle?: LifecycleScope | undefined;
  readonly advance: Advance;
  readonly faults: FaultPlan;
  readonly latencies: Latencies;
  /** How often each execution that did not succeed is redriven. */
  readonly redrives: number;
  /** Faults that happen even where only given ones do, by their ids. */
  readonly always?: readonly string[];
}

const SMALL_POOL = 'small';
export const ADVANCES = ['eager', 'stream'] as const satisfies readonly Advance[];

/** How likely each kind is where a seed has it at all. Some can happen at every call, others once in a run. */
const BASE_RATES: Readonly<Record<FaultKind, number>> = {
  crashBefore: 0.012,
  crashAfter: 0.012,
  crashAfterResult: 0.03,
  callFails: 0.03,
  sendFails: 0.06,
  answerLost: 0.03,
  callHangs: 0.01,
  partitionThrottled: 0.003,
  functionIsStuck: 0.002,
  standsStill: 0.4,
  notInvoked: 0.03,
  functionIsOut: 0.004,
  handlerCrashes: 0.06,
  handlerIsSlow: 0.06,
  handlerIsStuck: 0.015,
  clockIsOff: 0.4,
  messageTwice: 0.1,
  messageLate: 0.06,
  messageLost: 0.015,
  visibilityEnds: 0.12,
  removalLost: 0.06,
  buried: 0.06,
  recordLost: 0.03,
  streamStands: 0.01,
  batchTwice: 0.15,
  givenUp: 0.04,
  sweepMissed: 0.2,
  indexLags: 0.2,
};

const CONTROL_WEIGHTS: readonly ControlKind[] = [
  ...(['pause', 'pause', 'pause', 'resume', 'resume', 'resume'] as const),
  ...([
    'pauseBefore',
    'pauseBefore',
    'cancel',
    'cancel',
    'cancel',
    'redrive',
    'resumeCheckpoint',
    'startAgain',
  ] as const),
];

/** Times between which users act: most executions are over after a few seconds, some wait for long. */
const HORIZONS_MS = [500, 3_000, 3_000, 20_000, 600_000] as const;
const FAULTS_UNTIL_MS = 900_000;
const MOST_FAULTS = 80;
const BUDGETS = [0, 2, 5, 10, 20, 40, MOST_FAULTS] as const;

/** The world of a seed: workflows, users, faults, times. It draws how executions advance, unless that is given. */
export function scenarioOf(seed: number, advance?: Advance): Scenario {
  const dice = new Dice(seed);
  const situation = situationOf(dice);
  const executions = executionsOf(dice, seed);
  const plans = new Map(executions.map(({ definition }) => [definition.name, compile(definition)]));
  return {
    seed,
    executions,
    plans,
    controls: situation === undefined ? controlsOf(dice, executions) : controlsIn(situation, dice, executions),
    pools: [DEFAULT_POOL, SMALL_POOL],
    maxConcurrency: dice.pick('concurrency', [1, 2, 5, 50]),
    lanes: dice.pick('lanes', [1, 2, 4]),
    resultShards: dice.pick('result shards', [1, 1, 2, 4]),
    isObserved: dice.chance('observed', 0.6),
    lifecycle: dice.chance('bus', 0.75) ? dice.pick('lifecycle', ['executions', 'nodes', 'nodes']) : undefined,
    advance: advance ?? dice.pick('advance', ADVANCES),
    faults: {
      rates: situation?.rates ?? ratesOf(dice),
      budget: situation === undefined ? dice.pick('budget', BUDGETS) : MOST_FAULTS,
      untilMs: situation?.untilMs ?? FAULTS_UNTIL_MS,
    },
    latencies: latenciesOf(dice),
    redrives: situation?.redrives ?? dice.pick('redrives', [0, 1, 2]),
  };
}

function executionsOf(dice: Dice, seed: number): PlannedExecution[] {
  const count = dice.pick('executions', [1, 1, 2, 2, 3]);
  const isShared = dice.chance('shared workflow', 0.5);
  const maxNodes = dice.pick('nodes', [2, 4, 7, 10, 14]);
  const config = {
    ...(dice.chance('traced', 0.2) && { traceExecution: true }),
    ...(dice.chance('checkpoints', 0.3) && {
      enableCheckpoints: true,
      checkpointInterval: dice.int('checkpoint interval', 1, 3),
    }),
    ...(dice.chance('short', 0.12) && { timeoutSeconds: dice.pick('timeout', [1, 5, 30, 90]) }),
  };
  return Array.from({ length: count }, (_, index) => {
    const of = isShared ? 0 : index;
    const { definition, input: given } = randomWorkflow((Math.imul(seed, 7) + of) >>> 0, maxNodes);
    const input = dice.chance(`long maps ${of}`, 0.1) ? withLongMaps(given, dice, of) : given;
    return {
      executionId: `x${index + 1}`,
      definition: furnished(definition, dice, of),
      input,
      config,
      startAtMs: dice.int(`start ${index}`, 0, 1_000),
    };
  });
}

const Items = z.looseObject({ items: z.record(z.string(), z.array(Json)) });

/** So many items that the state forgets chunks which have ended: it drops eight at a time. */
function withLongMaps(input: Json, dice: Dice, of: number): Json {
  const { items, ...rest } = Items.parse(input);
  const long = Object.entries(items).map(([id, own]) => {
    const count = dice.int(`items ${of} ${id}`, 9, 40);
    return [id, Array.from({ length: own.length === 0 ? 0 : count }, (_, index) => own[index % own.length] ?? null)];
  });
  return Json.parse({ ...rest, items: Object.fromEntries(long) });
}

/** What the generator of random workflows leaves out: it stands between the same nodes and changes no outcome. */
function furnished(definition: DefinitionInput, dice: Dice, of: number): DefinitionInput {
  const nodes = Object.entries(definition.nodes as Readonly<Record<string, Readonly<Record<string, Json>>>>).map(
    ([id, node]) => {
      if (!('handler' in node)) return [id, node] as const;
      const isTask = !('type' in node) || node.type === 'task';
      const isCached = isTask && definition.strategy !== 'conditional' && dice.chance(`cache ${of} ${id}`, 0.1);
      return [
        id,
        {
          ...node,
          ...(dice.chance(`pool ${of} ${id}`, 0.15) && { pool: SMALL_POOL }),
          ...(isCached && { cache: { ttlSeconds: 3_600 } }),
        },
      ] as const;
    },
  );
  return {
    ...definition,
    ...(dice.chance(`cached workflow ${of}`, 0.12) && { cache: { ttlSeconds: dice.pick('kept', [1, 3_600]) } }),
    nodes: Object.fromEntries(nodes),
  } as DefinitionInput;
}

function controlsOf(dice: Dice, executions: readonly PlannedExecution[]): Control[] {
  const count = dice.pick('controls', [0, 0, 1, 2, 4, 8, 16]);
  const horizonMs = dice.pick('horizon', HORIZONS_MS);
  return Array.from({ length: count }, (_, index): Control[] => {
    const kind = dice.pick(`control ${index}`, CONTROL_WEIGHTS);
    const { executionId, startAtMs } = dice.pick(`controlled ${index}`, executions);
    const control: Control = {
      id: `${kind}@control ${index}`,
      kind,
      executionId,
      atMs: startAtMs + dice.int(`control time ${index}`, 0, horizonMs),
      choice: dice.roll(`control choice ${index}`),
    };
    if (kind !== 'pause' || !dice.chance(`brief ${index}`, 0.6)) return [control];
    // So brief that messages which saw the pause are parked as it ends.
    const atMs = control.atMs + dice.roll(`brief time ${index}`) * 120;
    return [control, { ...control, id: `resume@control ${index}`, kind: 'resume', atMs }];
  }).flat();
}

function controlsIn({ controls }: Situation, dice: Dice, executions: readonly PlannedExecution[]): Control[] {
  return (controls?.(dice) ?? []).map(({ kind, atMs }, index): Control => {
    const { executionId, startAtMs } = dice.pick('situated', executions);
    const choice = dice.roll(`control choice ${index}`);
    return { id: `${kind}@control ${index}`, kind, executionId, atMs: startAtMs + atMs, choice };
  });
}

/** Each seed has some kinds of faults and not others: together they would hide what one alone would show. */
function ratesOf(dice: Dice): Rates {
  const intensity = dice.pick('intensity', [0.3, 1, 3, 6]);
  const kinds = Object.keys(FAULT_KINDS) as FaultKind[];
  return Object.fromEntries(
    kinds
      .filter((kind) => dice.chance(`has ${kind}`, kind === 'messageLost' || kind === 'handlerIsStuck' ? 0.15 : 0.4))
      .map((kind) => [kind, Math.min(0.5, BASE_RATES[kind] * intensity)]),
  );
}

function latenciesOf(dice: Dice): Latencies {
  const callMs = dice.pick('call time', [2, 5, 20]);
  const streamMs = dice.pick('stream time', [5, 200, 200, 600]);
  const queueMs = dice.pick('queue time', [5, 20, 100]);
  // Skewed as real ones are: most are short, one in a hundred takes ten times as long.
  const skewed = (site: string, typicalMs: number) => {
    const roll = dice.roll(site);
    return typicalMs * (roll < 0.99 ? 0.2 + roll : 10);
  };
  return {
    callMs: (site) => skewed(`${site}/time`, callMs),
    streamMs: (site) => skewed(site, streamMs),
    queueMs: (site) => skewed(site, queueMs),
    startMs: () => 0,
    coldStarts: 0.15,
    hasFullBatches: false,
    consumersAfter: () => Number.POSITIVE_INFINITY,
  };
}
