import { defineNode } from '../../shared/nodes/define-node.ts';
import { handlersOf } from './deployed-handlers.ts';

export const handlers = [...handlersOf('before'), defineNode({ type: 'dropped', execute: () => 'only before' })];
