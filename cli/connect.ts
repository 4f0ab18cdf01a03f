import { resolve } from 'node:path';
import { systemClock } from '../shared/adapters/local/system-clock.ts';
import { DatabaseError } from '../shared/errors.ts';
import type { Executions } from '../shared/executor/executions.ts';
import { HttpExecutions } from '../shared/executor/http-executions.ts';
import { LocalClient } from '../shared/executor/local-client.ts';
import { WorkflowExecutor } from '../shared/executor/workflow-executor.ts';
import type { Pools } from '../shared/model/pools.ts';
import type { AnyHandler } from '../shared/nodes/define-node.ts';
import type { CommandIo } from './command-io.ts';

/** Where executions are: in a local database, or behind an endpoint. */
export interface Place {
  readonly database: string;
  readonly endpoint: string | undefined;
}

/** What running in this process takes. */
export interface LocalParts {
  readonly handlers?: readonly AnyHandler[];
  readonly pools?: Pools;
}

export const DEFAULT_DATABASE = '.fanjoin/fanjoin.db';

export interface PlaceOptions {
  readonly database?: string | undefined;
  readonly endpoint?: string | undefined;
}

export const placeOf = (
  { database = DEFAULT_DATABASE, endpoint }: PlaceOptions,
  { cwd }: Pick<CommandIo, 'cwd'>,
): Place => ({
  database: database === ':memory:' ? database : resolve(cwd, database),
  endpoint,
});

/** What runs workflows. @throws {DatabaseError} `DATABASE_IN_USE` if another process does so with this file */
export const openExecutor = ({ database, endpoint }: Place, local: LocalParts = {}): WorkflowExecutor =>
  new WorkflowExecutor(endpoint === undefined ? { database, ...local } : { endpoint });

/** What looks at executions and sets their flags, whoever runs them. */
export const openExecutions = ({ database, endpoint }: Place, handlers: readonly AnyHandler[] = []): Executions =>
  endpoint === undefined
    ? new LocalClient({ database, handlers, clock: systemClock })
    : new HttpExecutions({ endpoint, config: {}, clock: systemClock });

/** Whether a live process runs the executions of the database. */
export const isInUse = (error: unknown): boolean => error instanceof DatabaseError && error.code === 'DATABASE_IN_USE';
