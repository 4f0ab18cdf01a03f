import * as z from 'zod';

const traceId = z.string().regex(/^[0-9a-f]{32}$/);
const spanId = z.string().regex(/^[0-9a-f]{16}$/);

/** Where an execution stands in a trace. Kept only of executions that are traced. */
export const ExecutionTrace = z.object({
  /** The caller's; without one, derived from the execution's id. */
  traceId,
  /** The span that was active at the caller when it asked for the execution. */
  parentSpanId: spanId.optional(),
  /** The caller's decision holds for all that follows: what is not sampled is passed on, and not exported. */
  isSampled: z.boolean(),
  /** W3C `tracestate`, as it came. */
  state: z.string().optional(),
  /** How many nodes the workflow has. */
  nodes: z.int(),
  /** When the API got the request to start it, and was done with it but for the one write. */
  request: z.object({ receivedAtMs: z.number(), acceptedAtMs: z.number() }).optional(),
  /** The span of the execution whose checkpoint it goes on from. */
  originSpanId: spanId.optional(),
});
export type ExecutionTrace = z.infer<typeof ExecutionTrace>;

/** What the span of a traced visit shows and its item does not say: sizes, never values. */
export const SpanFacts = z.object({
  traceId,
  /** `task`, `map`, … */
  nodeType: z.string(),
  handler: z.string().optional(),
  /** UTF-8 bytes of the JSON. Absent where the attempt did not come so far as to have an input. */
  inputBytes: z.int().optional(),
  /** Of a chunk: its items' outputs. What else has an output keeps it beside this. */
  outputBytes: z.int().optional(),
  /** How long the attempt's message waited from the time it was due. */
  queueDelayMs: z.number(),
});
export type SpanFacts = z.infer<typeof SpanFacts>;
