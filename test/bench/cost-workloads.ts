import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { PeerWork } from './peer-costs.ts';

/** A workload whose cost is told, and what the same work is elsewhere. */
export interface CostWorkload {
  readonly title: string;
  readonly definition: DefinitionInput;
  readonly input: unknown;
  readonly elsewhere: PeerWork;
}

const HANDLER = 'echo';
const CONFIG = { timeoutSeconds: 3_600 };
const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);

const chain = (size: number): DefinitionInput => ({
  name: 'cost-chain',
  config: CONFIG,
  nodes: Object.fromEntries(
    ids(size).map((id, index) => [id, { handler: HANDLER, ...(index > 0 && { dependsOn: [`n${index - 1}`] }) }]),
  ),
});

const diamond: DefinitionInput = {
  name: 'cost-diamond',
  config: CONFIG,
  nodes: {
    top: { handler: HANDLER },
    left: { handler: HANDLER, dependsOn: ['top'] },
    right: { handler: HANDLER, dependsOn: ['top'] },
    bottom: { handler: HANDLER, dependsOn: ['left', 'right'] },
  },
};

const fanOut = (width: number): DefinitionInput => ({
  name: 'cost-fan-out',
  config: { ...CONFIG, maxParallelNodes: width },
  nodes: {
    ...Object.fromEntries(ids(width).map((id) => [id, { handler: HANDLER }])),
    join: { handler: HANDLER, dependsOn: ids(width), input: null },
  },
});

const map = (chunkSize: number): DefinitionInput => ({
  name: `cost-map-${chunkSize}`,
  config: { ...CONFIG, maxParallelNodes: 100 },
  nodes: { each: { type: 'map', handler: HANDLER, chunkSize } },
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** In the order they are told in. Every handler gives back its input, some bytes. */
export const COST_WORKLOADS: readonly CostWorkload[] = [
  {
    title: 'chain of 10',
    definition: chain(10),
    input: 'x',
    elsewhere: { calls: 10, transitions: 10, depth: 10, operations: 11, withContexts: 11 },
  },
  {
    title: 'diamond',
    definition: diamond,
    input: 'x',
    elsewhere: { calls: 4, transitions: 5, depth: 3, operations: 5, withContexts: 8 },
  },
  {
    title: 'fan-out of 100 and join',
    definition: fanOut(100),
    input: 'x',
    elsewhere: { calls: 101, transitions: 102, depth: 2, operations: 102, withContexts: 203 },
  },
  {
    title: 'map of 10,000',
    definition: map(1),
    input: numbers(10_000),
    elsewhere: { calls: 10_000, transitions: 10_001, depth: 1, operations: 10_001, withContexts: 20_002 },
  },
  {
    title: 'map of 10,000, in chunks of 100',
    definition: map(100),
    input: numbers(10_000),
    elsewhere: { calls: 100, transitions: 101, depth: 1, operations: 101, withContexts: 202 },
  },
];
