import type { ExecutionId, NodeId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';

/** Structured log lines with the execution's and node's ids on them. Not stored. */
export interface NodeLogger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What a handler knows of the attempt it makes. */
export interface NodeContext {
  readonly executionId: ExecutionId;
  readonly nodeId: NodeId;
  /** From 1; only loops visit a node again. */
  readonly visit: number;
  /** From 1. */
  readonly attempt: number;
  /** The item's place in a map, from 0; absent outside maps. */
  readonly itemIndex?: number;
  /** The same for every attempt of this visit (and item): pass it on to make an outside effect happen once. */
  readonly idempotencyKey: string;
  /** Aborts at the node's timeout, and when the execution is cancelled, timed out or failed elsewhere. */
  readonly signal: AbortSignal;
  readonly logger: NodeLogger;
  /** The execution's read-only globals. */
  readonly globals: Readonly<Record<string, Json>>;
}
