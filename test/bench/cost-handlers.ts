import * as z from 'zod';
import { defineNode } from '../../shared/nodes/define-node.ts';

/** What the workloads whose cost is told run: it gives back its input. */
export const handlers = [defineNode({ type: 'echo', output: z.unknown(), execute: (value: unknown) => value })];
