import { inject } from 'vitest';
import type { Advance } from '../../shared/model/config.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the project that the test runs in. */
    readonly advance: Advance;
  }
}

/**
 * How executions advance in the suites that run in both modes; `vitest.config.ts` says which do. Executors and stacks that
 * such a suite opens take it.
 */
export const ADVANCE: Advance = inject('advance');

/** So many random runs in the mode of old, and a third of them in the other. */
export const runsOfMode = (runs: number): number => (ADVANCE === 'eager' ? runs : Math.ceil(runs / 3));
