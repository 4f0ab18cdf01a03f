import { handlersOf } from './deployed-handlers.ts';

export const handlers = handlersOf('after');
