import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { ExecutionNotFoundError } from '../../shared/errors.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import { LocalClient } from '../../shared/executor/local-client.ts';
import type { NodeResultView } from '../../shared/model/result.ts';

const WITH_OUTPUTS: { withOutputs: true } = { withOutputs: true };

/** Each ended visit with its output, by its name. None: the execution does not exist yet. */
export async function readResults(
  executions: Pick<LocalClient, 'results'>,
  executionId: string,
): Promise<Map<string, NodeResultView>> {
  const withOutputs: Pick<LocalClient, 'results'> = {
    results: (id, page) => executions.results(id, { ...page, ...WITH_OUTPUTS }),
  };
  try {
    const results = await allResults(withOutputs, executionId);
    return new Map(results.map((view) => [`${view.nodeId} ${view.visit} ${view.run}`, view]));
  } catch (error) {
    if (error instanceof ExecutionNotFoundError) return new Map();
    throw error;
  }
}

/** Reads a live file beside its engine. */
export async function readBeside(file: string, executionId: string): Promise<Map<string, NodeResultView>> {
  await using client = disposable(new LocalClient({ database: file, clock: systemClock }));
  return await readResults(client.value, executionId);
}

/**
 * Reads what a dead process left, on a copy: to open the file itself would recover it, which is the next engine's to do.
 * Also says what SQLite finds damaged.
 */
export async function readCopy(
  file: string,
  executionId: string,
): Promise<{ results: Map<string, NodeResultView>; damage: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'fanjoin-kills-copy-'));
  try {
    const copy = join(directory, 'copy.db');
    for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
    if (!existsSync(copy)) return { results: new Map(), damage: [] };
    return { results: await readBeside(copy, executionId), damage: damageOf(copy) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What `PRAGMA integrity_check` says, unless it is `ok`. */
export function damageOf(file: string): string[] {
  const connection = new DatabaseSync(file);
  try {
    const lines = connection.prepare('PRAGMA integrity_check').all();
    return lines.map(({ integrity_check }) => String(integrity_check)).filter((line) => line !== 'ok');
  } finally {
    connection.close();
  }
}

/** Lines of a runner's log that are whole, as words. */
export function readLog(log: string): string[][] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => line.split(' '));
}

const disposable = <T extends { close(): Promise<void> }>(value: T) => ({
  value,
  [Symbol.asyncDispose]: () => value.close(),
});
