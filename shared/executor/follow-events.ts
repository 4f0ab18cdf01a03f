import type { EventsPage, ExecutionEvent } from '../observability/execution-event.ts';
import { type Clock, sleep } from '../ports/clock.ts';
import type { Executions } from './executions.ts';

/** API Gateway waits for 30 s, of which the rest is for the way. */
export const MAX_WAIT_SECONDS = 20;
const LOOK_MS = 200;
const PAGE = 1_000;

export interface FollowOptions {
  /** Begin behind this position. Default: at the start. */
  readonly after?: string;
  /** Ends the following. */
  readonly signal?: AbortSignal | undefined;
}

/** An execution's events, those to come among them, until its end; each once, in order. Goes on over a redrive that comes before. */
export async function* followEvents(
  executions: Executions,
  executionId: string,
  { after, signal }: FollowOptions = {},
): AsyncGenerator<ExecutionEvent, void, undefined> {
  let position = after;
  let hasEnded = false;
  for (;;) {
    if (isAborted(signal)) return;
    const page = await executions.history(executionId, {
      limit: PAGE,
      waitMs: MAX_WAIT_SECONDS * 1_000,
      signal,
      ...(position !== undefined && { after: position }),
    });
    for (const event of page.events) {
      position = event.position;
      if (event.type === 'ExecutionEnded') hasEnded = true;
      if (event.type === 'ExecutionRedriven') hasEnded = false;
      yield event;
      if (isAborted(signal)) return;
    }
    if (page.next === undefined && (hasEnded || page.isOver)) return;
  }
}

/** Looks until there are events, or there will be none, or for `waitMs`. */
export async function untilEvents(
  look: () => Promise<EventsPage>,
  { clock, waitMs, signal, wait = sleepAWhile }: UntilOptions,
): Promise<EventsPage> {
  const untilMs = clock.nowMs() + Math.min(waitMs, MAX_WAIT_SECONDS * 1_000);
  for (;;) {
    const page = await look();
    const leftMs = untilMs - clock.nowMs();
    if (page.events.length > 0 || page.isOver || leftMs <= 0 || isAborted(signal)) return page;
    await wait(leftMs, clock, signal);
  }
}

interface UntilOptions {
  readonly clock: Clock;
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Resolves when another look may be worth it, within `leftMs`. Default: after a tenth of a second. */
  readonly wait?: (leftMs: number, clock: Clock, signal: AbortSignal | undefined) => Promise<void>;
}

const sleepAWhile = (leftMs: number, clock: Clock, signal: AbortSignal | undefined) =>
  sleep(clock, Math.min(leftMs, LOOK_MS), signal);

/** A function, so that the compiler does not take it to stay as it was. */
const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;
