import { ExecutionId, NodeId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { resultKey } from '../store/keys.ts';
import type { Executions } from './executions.ts';

/** The output of one visit of a node, of any size; `undefined` if it has none. */
export async function loadNodeOutput(
  executions: Executions,
  executionId: string,
  { nodeId, visit, run }: { readonly nodeId: string; readonly visit: number; readonly run: number },
): Promise<Json | undefined> {
  const node = NodeId.parse(nodeId);
  // The key just before that of the result.
  const { sk } = resultKey({
    executionId: ExecutionId.parse(executionId),
    resultShards: undefined,
    node,
    visit,
    run: run - 1,
  });
  const { results } = await executions.results(executionId, { after: sk, limit: 1, withOutputs: true });
  return results.find((result) => result.nodeId === nodeId && result.visit === visit)?.output;
}
