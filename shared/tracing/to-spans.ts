import { AttemptItem, ChunkItem, MetaItem, ResultItem } from '../model/items.ts';
import { type AttemptRecord, isTerminal, type Payload } from '../model/result.ts';
import type { SpanFacts } from '../model/trace.ts';
import type { ChangeRecord } from '../ports/change-feed.ts';
import type { Item } from '../ports/item-table.ts';
import { itemType } from '../store/keys.ts';
import { parseItem } from '../store/parse-item.ts';
import { attemptSpanId, executionSpanId, parentSpanIdOf, requestSpanId } from './span-ids.ts';

/** A span as the facts tell it. Names and sizes, never values: an error's message may quote its input, so it is left out. */
export interface Span {
  readonly name: string;
  readonly kind: 'INTERNAL' | 'SERVER' | 'CONSUMER';
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  /** Spans of the same trace that it goes on from. */
  readonly links: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
  /** The error's name, of what failed. */
  readonly errorName?: string | undefined;
}

/** The attributes that are looked at, where an item can be large. */
const SEEN = {
  META: MetaItem.pick({
    executionId: true,
    workflow: true,
    run: true,
    status: true,
    input: true,
    startedAtMs: true,
    redrivenAtMs: true,
    endedAtMs: true,
    output: true,
    error: true,
    failedNode: true,
    cachedFrom: true,
    origin: true,
    trace: true,
  }),
  RESULT: ResultItem.pick({
    executionId: true,
    run: true,
    node: true,
    visit: true,
    status: true,
    source: true,
    output: true,
    attempts: true,
    copiedFrom: true,
    trace: true,
  }),
  CHUNK: ChunkItem.pick({
    executionId: true,
    run: true,
    node: true,
    visit: true,
    chunk: true,
    failedItems: true,
    attempts: true,
    trace: true,
  }),
  ATTEMPT: AttemptItem.omit({ message: true, nextAttemptAtMs: true }),
} as const;

const STANDING = MetaItem.pick({ status: true });

/** The spans a change makes complete. Pure: the same change gives the same spans. */
export function toSpans({ key, before, after }: ChangeRecord): Span[] {
  if (after?.trace === undefined) return [];
  const type = itemType(key.sk);
  if (type === 'META') return executionSpans(after, before);
  // Written once: only the first write tells anything.
  if (before !== undefined) return [];
  switch (type) {
    case 'RESULT':
      return resultSpans(after);
    case 'CHUNK':
      return chunkSpans(after);
    case 'ATTEMPT':
      return retriedSpans(after);
    default:
      return [];
  }
}

function executionSpans(after: Item, before: Item | undefined): Span[] {
  const meta = parseItem(SEEN.META, after);
  const { executionId, run, status, trace, endedAtMs } = meta;
  if (trace?.isSampled !== true) return [];
  const spans: Span[] = [];
  if (before === undefined && trace.request !== undefined) {
    spans.push({
      name: 'POST /executions',
      kind: 'SERVER',
      traceId: trace.traceId,
      spanId: requestSpanId(executionId),
      parentSpanId: trace.parentSpanId,
      links: [],
      startMs: trace.request.receivedAtMs,
      endMs: trace.request.acceptedAtMs,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/executions',
        'http.response.status_code': 201,
        'fanjoin.execution_id': executionId,
      },
    });
  }
  const hadEnded = before !== undefined && isTerminal(parseItem(STANDING, before).status);
  if (!isTerminal(status) || endedAtMs === undefined || hadEnded) return spans;
  spans.push({
    name: 'execution',
    kind: 'INTERNAL',
    traceId: trace.traceId,
    spanId: executionSpanId(executionId, run),
    parentSpanId: parentSpanIdOf(executionId, trace),
    links:
      run > 1 ? [executionSpanId(executionId, run - 1)] : trace.originSpanId === undefined ? [] : [trace.originSpanId],
    startMs: meta.redrivenAtMs ?? meta.startedAtMs,
    endMs: endedAtMs,
    attributes: {
      success: status === 'SUCCEEDED',
      input_size: bytesOf(meta.input),
      output_size: meta.output && bytesOf(meta.output),
      'fanjoin.execution_id': executionId,
      'fanjoin.workflow': meta.workflow,
      'fanjoin.status': status,
      'fanjoin.run': run,
      'fanjoin.nodes': trace.nodes,
      'fanjoin.failed_node': meta.failedNode,
      'fanjoin.cached_from': meta.cachedFrom,
      'fanjoin.checkpoint_id': meta.origin?.checkpointId,
    },
    ...(status !== 'SUCCEEDED' && { errorName: meta.error?.name ?? status }),
  });
  return spans;
}

function resultSpans(item: Item): Span[] {
  const { status, source, output, attempts, copiedFrom, trace, ...visit } = parseItem(SEEN.RESULT, item);
  const last = attempts.at(-1);
  // Skipped, there is nothing to see of it; copied, it ended in another execution and is seen there.
  if (trace === undefined || last === undefined || status === 'SKIPPED' || copiedFrom !== undefined) return [];
  const isSuccess = status === 'SUCCEEDED';
  return [
    attemptSpan(visit, trace, last, isSuccess, {
      output_size: output && bytesOf(output),
      'fanjoin.source': source,
      ...(isSuccess && { 'fanjoin.absorbed_error': last.error?.name }),
    }),
  ];
}

function chunkSpans(item: Item): Span[] {
  const { failedItems, attempts, trace, ...visit } = parseItem(SEEN.CHUNK, item);
  const last = attempts.at(-1);
  if (trace === undefined || last === undefined) return [];
  return [
    attemptSpan(visit, trace, last, failedItems === 0, {
      output_size: trace.outputBytes,
      'fanjoin.failed_items': failedItems,
    }),
  ];
}

function retriedSpans(item: Item): Span[] {
  const { trace, ...attempt } = parseItem(SEEN.ATTEMPT, item);
  return trace === undefined ? [] : [attemptSpan(attempt, trace, attempt, false, { 'fanjoin.is_retried': true })];
}

function attemptSpan(
  {
    executionId,
    run,
    node,
    visit,
    chunk,
  }: Pick<ResultItem, 'executionId' | 'run' | 'node' | 'visit'> & { chunk?: number | undefined },
  { traceId, nodeType, handler, inputBytes, queueDelayMs }: SpanFacts,
  { attempt, startedAtMs, endedAtMs, error }: AttemptRecord,
  isSuccess: boolean,
  attributes: Span['attributes'],
): Span {
  return {
    name: `node_${node}`,
    kind: 'CONSUMER',
    traceId,
    spanId: attemptSpanId({ executionId, run, node, visit, attempt, chunk }),
    parentSpanId: executionSpanId(executionId, run),
    links: [],
    startMs: startedAtMs,
    endMs: endedAtMs,
    attributes: {
      node_type: nodeType,
      input_size: inputBytes,
      success: isSuccess,
      attempt,
      ...attributes,
      'fanjoin.execution_id': executionId,
      'fanjoin.run': run,
      'fanjoin.visit': visit,
      'fanjoin.chunk': chunk,
      'fanjoin.handler': handler,
      'fanjoin.queue_delay_ms': queueDelayMs,
    },
    ...(!isSuccess && { errorName: error?.name ?? 'Error' }),
  };
}

const bytesOf = (payload: Payload): number => ('inline' in payload ? Buffer.byteLength(payload.inline) : payload.bytes);
