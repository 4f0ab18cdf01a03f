import { createHash } from 'node:crypto';
import type { ExecutionTrace } from '../model/trace.ts';

/** What tells one attempt from all others. */
export interface AttemptKey {
  readonly executionId: string;
  readonly run: number;
  readonly node: string;
  readonly visit: number;
  readonly attempt: number;
  readonly chunk?: number | undefined;
}

/**
 * Ids of spans follow from what the spans tell of: whoever knows an attempt can name its span before it is exported, and
 * what is told twice is the same span.
 */
export const attemptSpanId = ({ executionId, run, node, visit, attempt, chunk = -1 }: AttemptKey): string =>
  spanIdOf('attempt', executionId, run, node, visit, chunk, attempt);

export const executionSpanId = (executionId: string, run: number): string => spanIdOf('execution', executionId, run);

/** Of the request that started an execution. */
export const requestSpanId = (executionId: string): string => spanIdOf('request', executionId);

/** Of an execution whose caller has no trace. */
export const traceIdOf = (executionId: string): string => hash('trace', executionId).slice(0, 32);

/** The span an execution's own hangs under, if any. */
export const parentSpanIdOf = (executionId: string, { request, parentSpanId }: ExecutionTrace): string | undefined =>
  request === undefined ? parentSpanId : requestSpanId(executionId);

const spanIdOf = (...facts: readonly (string | number)[]): string => hash(...facts).slice(0, 16);

const hash = (...facts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(facts)).digest('hex');
