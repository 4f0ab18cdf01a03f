import { genericHandlers } from './generic-handlers.ts';

/** The generic handlers as a stack bundles them. */
export const handlers = genericHandlers();
