import * as z from 'zod';
import type { ExecutionEvent } from './execution-event.ts';

/** What happened to all executions in some time, as CloudWatch is told of it. Durations in milliseconds, one by one. */
export const Pulse = z.object({
  started: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  timedOut: z.int(),
  cancelled: z.int(),
  retries: z.int(),
  durationsMs: z.array(z.number()),
  nodeDurationsMs: z.array(z.number()),
  queueDelaysMs: z.array(z.number()),
});
export type Pulse = z.infer<typeof Pulse>;

export const emptyPulse = (): Pulse => ({
  ...{ started: 0, succeeded: 0, failed: 0, timedOut: 0, cancelled: 0, retries: 0 },
  ...{ durationsMs: [], nodeDurationsMs: [], queueDelaysMs: [] },
});

const ENDS = { SUCCEEDED: 'succeeded', FAILED: 'failed', TIMED_OUT: 'timedOut', CANCELLED: 'cancelled' } as const;

/** Counts an event. Changes `pulse`. */
export function addToPulse(pulse: Pulse, event: ExecutionEvent): void {
  switch (event.type) {
    case 'ExecutionStarted':
      pulse.started++;
      break;
    case 'ExecutionEnded':
      pulse[ENDS[event.status]]++;
      pulse.durationsMs.push(event.durationMs);
      break;
    case 'NodeRetryScheduled':
      pulse.retries++;
      break;
    case 'NodeSucceeded':
    case 'NodeFailed':
      pulse.nodeDurationsMs.push(event.durationMs);
      // Of a later attempt it is not the queue alone that it waited for.
      if (event.attempts === 1) pulse.queueDelaysMs.push(Math.max(0, event.startedAtMs - event.queuedAtMs));
      break;
    default:
  }
}

/** How many single values it holds. */
export const valuesIn = ({ durationsMs, nodeDurationsMs, queueDelaysMs }: Pulse): number =>
  durationsMs.length + nodeDurationsMs.length + queueDelaysMs.length;
