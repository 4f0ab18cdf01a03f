import type { ExecutionId } from '../model/ids.ts';
import type { ExecutionTrace } from '../model/trace.ts';
import { executionSpanId, parentSpanIdOf, traceIdOf } from './span-ids.ts';

/** The span that is active where an execution is asked for. */
export interface CallerSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
  /** W3C `tracestate`. */
  readonly state?: string | undefined;
}

/** Who asks for an execution. */
export interface Caller {
  readonly span?: CallerSpan | undefined;
  /** Of a request by HTTP: when it came. */
  readonly receivedAtMs?: number;
}

/** The trace of an execution that is about to exist: its caller's, or one of its own. */
export function beginTrace(
  executionId: ExecutionId,
  nodes: number,
  { span, receivedAtMs }: Caller,
  nowMs: number,
): ExecutionTrace {
  return {
    traceId: span?.traceId ?? traceIdOf(executionId),
    isSampled: span?.isSampled ?? true,
    nodes,
    ...(span !== undefined && { parentSpanId: span.spanId }),
    ...(span?.state !== undefined && { state: span.state }),
    ...(receivedAtMs !== undefined && { request: { receivedAtMs, acceptedAtMs: nowMs } }),
  };
}

/** The trace of an execution that goes on from a checkpoint: that of the execution the checkpoint is of. */
export function forkTrace(
  trace: ExecutionTrace,
  { executionId, run }: { executionId: ExecutionId; run: number },
): ExecutionTrace {
  const { request: _request, ...rest } = trace;
  const parentSpanId = parentSpanIdOf(executionId, trace);
  return {
    ...rest,
    ...(parentSpanId !== undefined && { parentSpanId }),
    originSpanId: executionSpanId(executionId, run),
  };
}
