import type { DefinitionInput } from '../../shared/model/definition.ts';

/** Every handler of the workloads is this one: it gives back its input. */
export const HANDLER = 'echo';

type Nodes = Record<string, { handler: string; dependsOn?: string[]; input?: null }>;

const CONFIG = { timeoutSeconds: 3_600 };
const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);

/** One node after another. */
export function chain(size: number): DefinitionInput {
  const nodes: Nodes = {};
  for (const [index, id] of ids(size).entries()) {
    nodes[id] = index === 0 ? { handler: HANDLER } : { handler: HANDLER, dependsOn: [`n${index - 1}`] };
  }
  return { name: 'chain', config: CONFIG, nodes };
}

/** A root, all others at once, and a join of them. */
export function fanOut(size: number): DefinitionInput {
  const branches = ids(size - 2);
  const nodes: Nodes = { root: { handler: HANDLER } };
  for (const id of branches) nodes[id] = { handler: HANDLER, dependsOn: ['root'] };
  nodes.join = { handler: HANDLER, dependsOn: branches, input: null };
  return { name: 'fan-out', config: { ...CONFIG, maxParallelNodes: 100 }, nodes };
}

/** Layers of 20, each node depending on one to three of the layer before. The same for the same size. */
export function layered(size: number): DefinitionInput {
  const width = 20;
  const nodes: Nodes = {};
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  for (const [index, id] of ids(size).entries()) {
    const first = (Math.floor(index / width) - 1) * width;
    const parents = Array.from({ length: 1 + random(3) }, () => `n${first + random(width)}`);
    nodes[id] = first < 0 ? { handler: HANDLER } : { handler: HANDLER, dependsOn: [...new Set(parents)], input: null };
  }
  return { name: 'layered', config: { ...CONFIG, maxParallelNodes: width }, nodes };
}

/** One map over its input, in chunks of 100. */
export const map = (): DefinitionInput => ({
  name: 'map',
  config: CONFIG,
  nodes: { each: { type: 'map', handler: HANDLER, chunkSize: 100 } },
});
