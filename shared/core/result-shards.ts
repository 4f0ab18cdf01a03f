import { isMapNode, type Plan } from './plan.ts';

/**
 * Nodes at once for which one partition is enough: it takes 1,000 writes a second, and who works for an eighth of a second
 * writes eight.
 */
const NODES_OF_SHARD = 128;
/** 16,000 writes a second are more than the consumers of a queue make; each shard is one more query where all results are read. */
const MOST_SHARDS = 16;

/**
 * Over how many partitions the results of an execution are spread, so that none has to take them all. `undefined`: they lie
 * beside META, where they cost nothing more. What counts is how many nodes, or chunks of a map, may run at once.
 */
export function computeResultShards(plan: Plan, maxParallelNodes: number): number | undefined {
  const shards = 2 ** Math.ceil(Math.log2(Math.max(1, Math.min(widthOf(plan), maxParallelNodes) / NODES_OF_SHARD)));
  return shards === 1 ? undefined : Math.min(shards, MOST_SHARDS);
}

const widthOf = (plan: Plan): number => {
  if (plan.kind === 'graph') return plan.width;
  return plan.nodes.some(({ definition }) => isMapNode(definition)) ? Number.POSITIVE_INFINITY : 1;
};
