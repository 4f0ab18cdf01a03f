import type { Condition } from '../ports/item-table.ts';

/** The first attempt to finish wins; every later one reads what stands (invariant 1). */
export const FIRST_WRITER_WINS: Condition = { kind: 'itemAbsent' };

/** Two deciders cannot both save over the same state; the one that lost decides again. */
export const revisionIs = (revision: number): Condition =>
  revision === 0 ? { kind: 'itemAbsent' } : { kind: 'equals', attribute: 'revision', value: revision };

/** An execution ends once, and an older run cannot end a newer one (invariant 6). */
export const isOpen = (run: number): Condition => ({
  kind: 'all',
  of: [
    { kind: 'isOneOf', attribute: 'status', values: ['RUNNING', 'PAUSED'] },
    { kind: 'equals', attribute: 'run', value: run },
  ],
});

/** A cache entry may be taken over when there is none, or its time is over. */
export const isFreeAt = (nowMs: number): Condition => ({
  kind: 'any',
  of: [{ kind: 'itemAbsent' }, { kind: 'lessThan', attribute: 'expiresAtMs', value: nowMs }],
});

/** Of those who would take a cache entry over from one holder, one does. */
export const isHeldBy = (executionId: string): Condition => ({
  kind: 'equals',
  attribute: 'executionId',
  value: executionId,
});

/** Only what ended without success can go on, and only once from the same end. */
export const canRedrive = (run: number): Condition => ({
  kind: 'all',
  of: [
    { kind: 'isOneOf', attribute: 'status', values: ['FAILED', 'TIMED_OUT', 'CANCELLED'] },
    { kind: 'equals', attribute: 'run', value: run },
  ],
});

/** The first reason to stop stands. */
export const isNotStopping = (run: number): Condition => ({
  kind: 'all',
  of: [isOpen(run), { kind: 'isAbsent', attribute: 'stop' }],
});

const hasStatus = (run: number, status: 'RUNNING' | 'PAUSED'): Condition => ({
  kind: 'all',
  of: [
    { kind: 'equals', attribute: 'status', value: status },
    { kind: 'equals', attribute: 'run', value: run },
    { kind: 'isAbsent', attribute: 'stop' },
  ],
});

export const isRunning = (run: number): Condition => hasStatus(run, 'RUNNING');
/** Parking a message is allowed only while the pause lasts: a resume that came first will not see it. */
export const isPaused = (run: number): Condition => hasStatus(run, 'PAUSED');

/** Each point to pause at pauses once, however often the decision to is carried out: a resume between two tries stands. */
export const isPointAhead = (run: number, point: number): Condition => ({
  kind: 'all',
  of: [
    isRunning(run),
    {
      kind: 'any',
      of: [
        { kind: 'isAbsent', attribute: 'pointsPassed' },
        { kind: 'lessThan', attribute: 'pointsPassed', value: point },
      ],
    },
  ],
});
