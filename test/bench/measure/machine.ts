import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { CommitFloor } from './commit-floor.ts';
import { Summary, summarize } from './statistics.ts';

/** What was measured, and where: figures of two of these that differ are not to be compared. */
export const Machine = z.object({
  cpu: z.string(),
  cores: z.int(),
  memoryGb: z.number(),
  system: z.string(),
  /** Where the databases lay, and its file system. */
  disk: z.string(),
  node: z.string(),
  sqlite: z.string(),
  fanjoin: z.string(),
  /** With `+` if files were changed since. */
  commit: z.string(),
  /** Processes that wanted a core in the minute before. Above 1, the machine was busy with something else. */
  loadBefore: z.number(),
  /** The floor: a row of 512 bytes and its sync to disk, milliseconds. */
  commitMs: Summary,
});
export type Machine = Readonly<z.infer<typeof Machine>>;

const ROOT = join(import.meta.dirname, '../../..');
const Package = z.object({ version: z.string() });

export function describeMachine(): Machine {
  const [processor] = cpus();
  const database = new DatabaseSync(':memory:');
  const sqlite = String(database.prepare('SELECT sqlite_version() AS version').get()?.version);
  database.close();
  return {
    cpu: processor?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    disk: `${tmpdir()} (${fileSystemOf(tmpdir())})`,
    node: process.version,
    sqlite,
    fanjoin: Package.parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).version,
    commit: `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '+'}`,
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
    commitMs: summarize(measureCommits()),
  };
}

function measureCommits(): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'fanjoin-bench-'));
  try {
    using floor = new CommitFloor(join(folder, 'floor.db'));
    return Array.from({ length: 200 }, () => floor.measureMs({ commits: 1, bytesPerCommit: 512 }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function git(...words: string[]): string {
  try {
    return execFileSync('git', ['-C', ROOT, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

function fileSystemOf(folder: string): string {
  try {
    return execFileSync('df', ['--output=fstype', folder], { encoding: 'utf8' }).trim().split('\n').at(-1) ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

/** As people read it. */
export const machineLines = (machine: Machine): string[] => [
  `machine   ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}`,
  `disk      ${machine.disk}, a commit of 512 bytes ${machine.commitMs.p50.toFixed(2)} ms (p99 ${machine.commitMs.p99.toFixed(2)})`,
  `versions  fanjoin ${machine.fanjoin} at ${machine.commit}, Node.js ${machine.node}, SQLite ${machine.sqlite}`,
  ...(machine.loadBefore > 0.5
    ? [`BUSY      ${machine.loadBefore} processes wanted a core in the minute before: times are worth little`]
    : []),
];
