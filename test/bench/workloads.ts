import { isDeepStrictEqual } from 'node:util';
import type { ExecutionResult } from '../../shared/executor/execution-result.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import { seededRandom } from '../../shared/testing/seeded-random.ts';
import type { Dependent } from '../support/dependency-order.ts';
import { instanceDefinition, instanceNodeId, readInstance } from '../support/wfcommons.ts';
import { criticalPathMs } from './measure/critical-path.ts';

/** A workflow to be measured. Its handlers are those of `handlers.ts`. */
export interface Workload {
  /** As it is asked for: `chain:10`. */
  readonly name: string;
  readonly definition: DefinitionInput;
  readonly input: Json;
  /** What one execution has of what is counted: nodes, visits of a loop, items of a map. */
  readonly units: number;
  /** Results that must be durable one after another, with the start before and the end behind them. */
  readonly commits: number;
  /** Of workflows that are graphs: what each node waits for. */
  readonly graph: readonly Dependent[];
  isRight(result: ExecutionResult): boolean;
}

/** A workload, or a size of it, that there is not. */
export class WorkloadError extends Error {
  override readonly name = 'WorkloadError';
}

const FORMS = 'chain:N fan-out:N diamond layered:N map:N map:N/CHUNK payload:KB loop:N wfcommons:FILE[@TIME-SCALE]';
const LONG = { timeoutSeconds: 86_400 };
const MAX_AT_ONCE = 1_000;

/** @throws {WorkloadError | InstanceError} */
export function workload(name: string): Workload {
  const [kind = '', ...rest] = name.split(':');
  const argument = rest.join(':');
  const shape = SHAPES[kind];
  if (shape === undefined) throw new WorkloadError(`There is no workload '${name}'. There are: ${FORMS}`);
  return { name, ...shape(argument, name) };
}

type Shape = Omit<Workload, 'name'>;
type Nodes = Readonly<Record<string, { readonly handler: string; readonly dependsOn?: readonly string[] }>>;

const SHAPES: Readonly<Record<string, (argument: string, name: string) => Shape>> = {
  chain: (argument, name) => chain(count(argument, name)),
  'fan-out': (argument, name) => fanOut(count(argument, name)),
  diamond: () => diamond(),
  layered: (argument, name) => layered(count(argument, name)),
  map: (argument, name) => {
    const [items = '', chunk = '1'] = argument.split('/');
    return map(count(items, name), count(chunk, name));
  },
  payload: (argument, name) => payload(argument === '0' ? 0 : count(argument, name)),
  loop: (argument, name) => loop(count(argument, name)),
  wfcommons: (argument) => {
    const [, file = argument, scale = '1'] = /^(.*)@([\d.]+)$/.exec(argument) ?? [];
    return instance(file, Number(scale));
  },
};

function count(text: string, name: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new WorkloadError(`'${name}': '${text}' is no number above 0. There are: ${FORMS}`);
}

const ids = (size: number): string[] => Array.from({ length: size }, (_, index) => `n${index}`);

const graphOf = (nodes: Nodes): Dependent[] =>
  Object.entries(nodes).map(([id, { dependsOn = [] }]) => ({ id, parents: dependsOn }));

const ranAll = (size: number) => (result: ExecutionResult) =>
  result.success && result.nodeExecutionOrder.length === size;

function graph(name: string, nodes: Nodes, atOnce: number, depth: number): Shape {
  const maxParallelNodes = Math.min(atOnce, MAX_AT_ONCE);
  const size = Object.keys(nodes).length;
  return {
    definition: { name, config: { ...LONG, maxParallelNodes }, nodes },
    input: 'x',
    units: size,
    commits: depth + 2,
    graph: graphOf(nodes),
    isRight: ranAll(size),
  };
}

/** One node after another. */
function chain(size: number): Shape {
  const nodes = ids(size).map((id, index) => [
    id,
    { handler: 'bench.echo', ...(index > 0 && { dependsOn: [`n${index - 1}`] }) },
  ]);
  return graph('chain', Object.fromEntries(nodes), 10, size);
}

/** So many at once, 100 at most, and a join that gets all their outputs. */
function fanOut(width: number): Shape {
  const branches = ids(width);
  const nodes = Object.fromEntries(branches.map((id) => [id, { handler: 'bench.echo' }]));
  const join = { handler: 'bench.count', dependsOn: branches };
  return graph('fan-out', { ...nodes, join }, 100, 2);
}

function diamond(): Shape {
  const handler = 'bench.echo';
  return graph(
    'diamond',
    {
      top: { handler },
      left: { handler, dependsOn: ['top'] },
      right: { handler, dependsOn: ['top'] },
      bottom: { handler, dependsOn: ['left', 'right'] },
    },
    10,
    3,
  );
}

const LAYER = 20;

/** Layers of 20, each node depending on one to three of the layer before, by chance that is the same each time. */
function layered(size: number): Shape {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const nodes = ids(size).map((id, index) => {
    const first = (Math.floor(index / LAYER) - 1) * LAYER;
    const parents = Array.from({ length: 1 + random(3) }, () => `n${first + random(LAYER)}`);
    const dependsOn = first < 0 ? [] : [...new Set(parents)];
    return [id, { handler: 'bench.count', dependsOn }];
  });
  return graph('layered', Object.fromEntries(nodes), LAYER, Math.ceil(size / LAYER));
}

/** One map over its input. */
function map(items: number, chunkSize: number): Shape {
  const AT_ONCE = 100;
  const nodes = { each: { type: 'map', handler: 'bench.echo', chunkSize } };
  return {
    definition: { name: 'map', config: { ...LONG, maxParallelNodes: AT_ONCE }, nodes },
    input: Array.from({ length: items }, (_, index) => index),
    units: items,
    commits: Math.ceil(items / chunkSize / AT_ONCE) + 3,
    graph: [],
    isRight: ({ output }) =>
      Array.isArray(output) && output.length === items && output.every((item, index) => item === index),
  };
}

/** Three nodes in a row that hand on a list of orders of so many kilobytes. */
function payload(kilobytes: number): Shape {
  const input = orders(kilobytes * 1_024);
  return { ...chain(3), input, isRight: ({ success, output }) => success && isDeepStrictEqual(output, input) };
}

/** As repetitive as what services hand to each other, and no more: the same names, other values. */
function orders(bytes: number): Json[] {
  const random = seededRandom(1);
  const digits = (count: number) => String(Math.floor(random() * 10 ** count)).padStart(count, '0');
  const all: Json[] = [];
  for (let size = 2; ; ) {
    const order = {
      orderId: `ord-${digits(12)}`,
      customer: { id: `cus-${digits(8)}`, country: ['DE', 'FR', 'JP', 'US'][Math.floor(random() * 4)] ?? 'DE' },
      placedAt: `2026-0${1 + Math.floor(random() * 9)}-1${digits(1)}T0${digits(1)}:2${digits(1)}:3${digits(1)}Z`,
      lines: [{ sku: `sku-${digits(6)}`, quantity: Math.ceil(random() * 9), priceCents: Number(digits(5)) }],
      status: random() < 0.8 ? 'paid' : 'open',
    };
    size += JSON.stringify(order).length + 1;
    if (size > bytes) return all;
    all.push(order);
  }
}

/** One node that goes back to itself, so many visits. */
function loop(visits: number): Shape {
  return {
    definition: {
      name: 'loop',
      strategy: 'conditional',
      maxVisits: visits,
      config: LONG,
      nodes: { again: { handler: 'bench.again', mayRouteTo: ['again'] } },
    },
    input: visits,
    units: visits,
    commits: visits + 2,
    graph: [],
    isRight: ranAll(visits),
  };
}

/** What ran once elsewhere, again: its tasks sleep as long as they took, times `timeScale`. */
function instance(file: string, timeScale: number): Shape {
  const parsed = readInstance(file);
  const { tasks } = parsed;
  const definition = instanceDefinition(parsed, {
    name: 'instance',
    config: { ...LONG, maxParallelNodes: Math.min(tasks.length, MAX_AT_ONCE) },
    node: ({ runtimeSeconds }) => ({
      handler: 'bench.sleep',
      input: { ms: runtimeSeconds * 1_000 * timeScale },
      timeoutSeconds: LONG.timeoutSeconds,
    }),
  });
  const places = new Map(tasks.map(({ id }, index) => [id, instanceNodeId(index)]));
  const nodes = tasks.map(({ id, parents }) => ({
    id: places.get(id) ?? id,
    parents: parents.map((parent) => places.get(parent) ?? parent),
  }));
  return {
    definition,
    input: null,
    units: tasks.length,
    commits: depthOf(nodes) + 2,
    graph: nodes,
    isRight: ranAll(tasks.length),
  };
}

/** Nodes on the longest way. */
const depthOf = (nodes: readonly Dependent[]): number =>
  criticalPathMs(nodes, new Map(nodes.map(({ id }) => [id, { startedMs: 0, endedMs: 1 }])));
