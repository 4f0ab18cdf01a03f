import type { PlanNode } from '../core/plan.ts';
import type { MetaItem } from '../model/items.ts';
import type { Json } from '../model/json.ts';
import type { VisitTask } from '../model/message.ts';
import type { ExecutionTrace, SpanFacts } from '../model/trace.ts';
import { attemptSpanId } from '../tracing/span-ids.ts';

/** Loaded for the first traced attempt: a runner without one starts without it. */
let openTelemetry: Promise<typeof import('@opentelemetry/api')> | undefined;

/** What a traced attempt adds to its items, from which its span is made once they are written. */
export class VisitTrace {
  readonly #trace: ExecutionTrace;
  readonly #task: VisitTask;
  readonly #node: PlanNode;
  readonly #queueDelayMs: number;
  #inputBytes: number | undefined;

  private constructor(trace: ExecutionTrace, task: VisitTask, node: PlanNode, startedAtMs: number) {
    this.#trace = trace;
    this.#task = task;
    this.#node = node;
    const dueAtMs = task.notBeforeMs ?? task.earlier?.at(-1)?.endedAtMs ?? task.queuedAtMs;
    this.#queueDelayMs = Math.max(0, startedAtMs - dueAtMs);
  }

  /** `undefined`: its execution is not traced. */
  static of({ trace }: MetaItem, task: VisitTask, node: PlanNode, startedAtMs: number): VisitTrace | undefined {
    return trace === undefined ? undefined : new VisitTrace(trace, task, node, startedAtMs);
  }

  /** To be called before a handler can change its input. */
  measureInput(input: Json): void {
    if (this.#trace.isSampled) this.#inputBytes = bytesOf(input);
  }

  /** The input is that of an earlier part of the visit. */
  inheritInput(from: SpanFacts | undefined): void {
    this.#inputBytes = from?.inputBytes;
  }

  /** For the attempt's item. @param output where the item does not keep it as such */
  facts(output?: Json): { readonly trace?: SpanFacts } {
    const { traceId, isSampled } = this.#trace;
    if (!isSampled) return {};
    const { definition } = this.#node;
    return {
      trace: {
        traceId,
        nodeType: definition.type,
        ...('handler' in definition && { handler: definition.handler }),
        ...(this.#inputBytes !== undefined && { inputBytes: this.#inputBytes }),
        ...(output !== undefined && { outputBytes: bytesOf(output) }),
        queueDelayMs: this.#queueDelayMs,
      },
    };
  }

  /** Calls a handler with the attempt's span as the active one: spans that it makes itself hang under it. */
  async during<T>(call: () => Promise<T>): Promise<T> {
    openTelemetry ??= import('@opentelemetry/api');
    const { context, createTraceState, trace, TraceFlags } = await openTelemetry;
    const { traceId, isSampled, state } = this.#trace;
    const { executionId, run, node, visit, attempt } = this.#task;
    const chunk = this.#task.kind === 'chunk' ? this.#task.chunk : undefined;
    const span = {
      traceId,
      spanId: attemptSpanId({ executionId, run, node, visit, attempt, chunk }),
      traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      ...(state !== undefined && { traceState: createTraceState(state) }),
    };
    return context.with(trace.setSpanContext(context.active(), span), call);
  }
}

const bytesOf = (value: Json): number => Buffer.byteLength(JSON.stringify(value));
