import * as z from 'zod';
import type { MetaItem, ResultItem } from '../model/items.ts';
import { LIMITS } from '../model/limits.ts';
import { ItemFailure, isTerminal, type NodeResultView, type Payload } from '../model/result.ts';
import type { Snapshot } from '../store/execution-store.ts';
import { type InItem, textOf } from '../store/payloads.ts';
import type { Store } from '../store/store.ts';
import { type AnswerRoom, placeInOrder, sizeOf } from './answer-room.ts';
import type { ExecutionOutcome } from './description.ts';
import { presentState } from './present-state.ts';
import { succeededVisits } from './progress.ts';

/** Results as their readers see them, up to the first that the answer has no room for. */
export function viewResults(
  room: AnswerRoom,
  meta: MetaItem,
  results: readonly ResultItem[],
  withOutputs: boolean | 'inline',
): Promise<NodeResultView[]> {
  const outputOf = ({ output }: ResultItem) =>
    output !== undefined && (withOutputs === true || (withOutputs === 'inline' && isSmall(output))) ? [output] : [];
  const failuresOf = ({ failures }: ResultItem) => (failures !== undefined && withOutputs === true ? [failures] : []);
  return placeInOrder(
    room,
    results,
    (result) => [...outputOf(result), ...failuresOf(result)],
    async (result) => {
      const view = viewBare(meta, result);
      if (!room.takes(() => JSON.stringify(view))) return undefined;
      for (const payload of outputOf(result)) {
        const output = await room.place(payload);
        if (output === undefined) return undefined;
        if ('link' in output) view.outputAt = output.link;
        else view.output = output.value;
      }
      for (const payload of failuresOf(result)) {
        const failures = await room.place(payload);
        if (failures === undefined) return undefined;
        if ('link' in failures) view.failuresAt = failures.link;
        else view.failures = z.array(ItemFailure).parse(failures.value);
      }
      return view;
    },
  );
}

/** A result as its readers see it, with the output if it is small. */
export function viewInline(meta: MetaItem, result: ResultItem): NodeResultView {
  const { output } = result;
  const view = viewBare(meta, result);
  return output !== undefined && isSmall(output) ? { ...view, output: JSON.parse(textOf(output)) } : view;
}

/** On either twin the same ones, whether packed or not: those that cost no read beside the result's. */
const isSmall = (output: Payload): output is InItem =>
  !('blob' in output) && sizeOf(output) <= LIMITS.inlinePayloadBytes;

function viewBare({ status, endedAtMs }: MetaItem, result: ResultItem): NodeResultView {
  return {
    nodeId: result.node,
    visit: result.visit,
    run: result.run,
    status: result.status,
    source: result.source,
    error: result.error,
    ...(result.fallbackError !== undefined && { fallbackError: result.fallbackError }),
    // A success waits for all of its nodes: whatever the clocks of those who wrote them say, none is late.
    ...(endedAtMs !== undefined && status !== 'SUCCEEDED' && result.endedAtMs > endedAtMs && { late: true }),
    attempts: result.attempts,
    queuedAtMs: result.queuedAtMs,
    startedAtMs: result.startedAtMs,
    endedAtMs: result.endedAtMs,
  };
}

type PartialResults = Pick<ExecutionOutcome, 'partialResults' | 'partialResultsAt' | 'hasMorePartialResults'>;

/** Outputs by node id: only of results the state counts, for what came after the end is not among them. */
export async function loadPartialResults(store: Store, snapshot: Snapshot, room: AnswerRoom): Promise<PartialResults> {
  const { meta } = snapshot;
  const plan = await store.definitions.loadPlan(meta.workflow, meta.definitionHash);
  const state = isTerminal(meta.status) ? snapshot.state?.state : await presentState(store, plan, snapshot);
  if (state === undefined) return { partialResults: {} };
  const visits = succeededVisits(plan, state);
  const among = plan.kind === 'graph' ? plan.nodes.length : undefined;
  const results = await store.results.loadResults(meta, visits, among);
  const outputs = visits.flatMap(({ node }) => {
    const result = results.get(node);
    return result?.status === 'SUCCEEDED' ? [{ node, output: result.output ?? NOTHING }] : [];
  });
  // Small ones first: the more there are in the answer, the fewer have to be fetched.
  const bySize = outputs.toSorted((a, b) => sizeOf(a.output) - sizeOf(b.output));
  const placed = await placeInOrder(
    room,
    bySize,
    ({ output }) => [output],
    async ({ node, output }) => {
      const at = room.takes(() => JSON.stringify(node)) ? await room.place(output) : undefined;
      return at && { node, ...at };
    },
  );
  const values = new Map(placed.flatMap((at) => ('value' in at ? [[at.node, at.value] as const] : [])));
  const links = new Map(placed.flatMap((at) => ('link' in at ? [[at.node, at.link] as const] : [])));
  const inOrder = outputs.map(({ node }) => node);
  return {
    partialResults: Object.fromEntries(inOrder.flatMap((node) => entryOf(values, node))),
    ...(links.size > 0 && { partialResultsAt: Object.fromEntries(inOrder.flatMap((node) => entryOf(links, node))) }),
    ...(values.size + links.size < outputs.length && { hasMorePartialResults: true as const }),
  };
}

/** Of a node that gave nothing. */
const NOTHING: Payload = { inline: 'null' };

const entryOf = <Value>(values: ReadonlyMap<string, Value>, name: string): [string, Value][] => {
  const value = values.get(name);
  return value === undefined ? [] : [[name, value]];
};
