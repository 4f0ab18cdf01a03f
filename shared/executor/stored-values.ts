import { ExecutionId, NodeId } from '../model/ids.ts';
import type { CallbackValues } from '../observability/callback-feed.ts';
import type { Store } from '../store/store.ts';

/** Values for callbacks, from the store. */
export const storedValues = (store: Store): CallbackValues => ({
  async input(executionId) {
    const meta = await store.executions.loadMeta(ExecutionId.parse(executionId));
    return meta === undefined ? undefined : store.payloads.load(meta.input);
  },
  async output(executionId) {
    const meta = await store.executions.loadMeta(ExecutionId.parse(executionId));
    return meta?.output === undefined ? undefined : store.payloads.load(meta.output);
  },
  async nodeOutput({ executionId, nodeId, run, visit }) {
    const meta = await store.executions.loadMeta(ExecutionId.parse(executionId));
    if (meta === undefined) return undefined;
    const result = await store.results.loadResult({
      executionId: meta.executionId,
      resultShards: meta.resultShards,
      node: NodeId.parse(nodeId),
      run,
      visit,
    });
    return result?.output === undefined ? undefined : store.payloads.load(result.output);
  },
});
