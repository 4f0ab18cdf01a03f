import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { DatabaseError } from '../../shared/errors.ts';
import type { ExecutionHandle } from '../../shared/executor/execution-handle.ts';
import { allResults, type ExecutionResult } from '../../shared/executor/execution-result.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { NodeResultView } from '../../shared/model/result.ts';
import type { AnyHandler } from '../../shared/nodes/define-node.ts';
import { ADVANCE } from './advance.ts';

/** What is run, and what is done to it meanwhile. Made anew for each run: handlers count their calls. */
export interface Workload {
  readonly definition: DefinitionInput;
  readonly handlers: readonly AnyHandler[];
  readonly input: unknown;
  /** Drives the started execution to its end. Default: waits for it. */
  readonly drive?: (handle: ExecutionHandle) => Promise<ExecutionResult>;
}

export interface Ended {
  readonly result: ExecutionResult;
  readonly results: readonly NodeResultView[];
  /** How many writes the run that was not interrupted made. */
  readonly writes: number;
}

const EXECUTION_ID = 'the-execution';
const DEATH = 'The process is dead';

/**
 * Runs a workload in a file, and lets the storage take no more writes after so many, as if the process had died there;
 * then opens the file anew and goes on, which may be cut off again.
 *
 * @param cuts writes until each death. Without any: an uninterrupted run.
 */
export async function runWithCrashes(workload: Workload, cuts: readonly number[]): Promise<Ended> {
  const directory = mkdtempSync(join(tmpdir(), 'fanjoin-crash-'));
  const database = join(directory, 'test.db');
  try {
    for (const cut of cuts) {
      const ended = await runOnce(workload, database, cut);
      if (ended !== undefined) return ended;
    }
    const ended = await runOnce(workload, database, Number.POSITIVE_INFINITY);
    if (ended === undefined) throw new Error('Nothing cut it off');
    return ended;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** `undefined`: it was cut off. */
async function runOnce(
  { definition, handlers, input, drive }: Workload,
  database: string,
  cut: number,
): Promise<Ended | undefined> {
  const storage = limitWrites(cut);
  try {
    await using executor = new WorkflowExecutor({ database, handlers, logLevel: 'error', advance: ADVANCE });
    const handle = await executor.start(definition, input, { executionId: EXECUTION_ID });
    const { status } = await handle.describe();
    if (status === 'PAUSED') await handle.resume();
    const result = await (drive ?? waitForIt)(handle);
    const views = await allResults(
      { results: (_id: string, page: object) => handle.results({ ...page, withOutputs: true }) } as never,
      EXECUTION_ID,
    );
    return { result, results: views, writes: storage.writes() };
  } catch (error) {
    if (storage.isDead()) return undefined;
    throw error;
  } finally {
    storage.restore();
  }
}

const waitForIt = (handle: ExecutionHandle) => handle.result();

function limitWrites(limit: number) {
  let writes = 0;
  let isDead = false;
  const storage = [
    [SqliteItemTable.prototype, 'put'],
    [SqliteItemTable.prototype, 'update'],
    [SqliteBlobStore.prototype, 'put'],
  ] as const;
  const undo = storage.map(([prototype, method]) => {
    const original: (...args: never[]) => unknown = Reflect.get(prototype, method);
    const limited = function (this: unknown, ...args: never[]) {
      if (isDead || ++writes > limit) {
        isDead = true;
        return Promise.reject(new DatabaseError('DATABASE_FAILED', DEATH));
      }
      return Reflect.apply(original, this, args);
    };
    Reflect.set(prototype, method, limited);
    return () => Reflect.set(prototype, method, original);
  });
  // What dies with the process would tell of it in the log, hundreds of times.
  const { write } = process.stderr;
  process.stderr.write = ((line: string, ...rest: never[]) =>
    line.includes(DEATH) || Reflect.apply(write, process.stderr, [line, ...rest])) as typeof write;
  const restore = () => {
    for (const step of undo) step();
    process.stderr.write = write;
  };
  return { writes: () => writes, isDead: () => isDead, restore };
}
