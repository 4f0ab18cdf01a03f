import { TraceFlags } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Caller } from '../../shared/tracing/execution-trace.ts';

/** What W3C Trace Context asks to be passed on at the least. */
const MAX_STATE_LENGTH = 512;

/** Who sent a request, by its `traceparent`; what is not one is as good as none. */
export function callerOf({
  headers,
  requestContext,
}: Pick<APIGatewayProxyEventV2, 'headers' | 'requestContext'>): Caller {
  const receivedAtMs = requestContext.timeEpoch;
  // A client that is instrumented adds its own to ours: the last is the nearest.
  const parent = parseTraceParent(headers.traceparent?.split(',').at(-1) ?? '');
  if (parent === null) return { receivedAtMs };
  const { traceId, spanId, traceFlags } = parent;
  const { tracestate: state } = headers;
  return {
    receivedAtMs,
    span: {
      traceId,
      spanId,
      isSampled: (traceFlags & TraceFlags.SAMPLED) !== 0,
      ...(state !== undefined && state.length <= MAX_STATE_LENGTH && { state }),
    },
  };
}
