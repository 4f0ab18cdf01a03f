import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { LocalClient } from '../../shared/executor/local-client.ts';
import { allEvents, historyProblems, metricsProblems } from '../support/history-agreement.ts';
import { CliWorkload } from './cli-workload.ts';
import { canMount, SmallDisk } from './small-disk.ts';
import { readBeside, readCopy } from './standing.ts';

/** Many enough to be in mid-run for as long as it takes to start another process. */
const NODES = 1_500;
const SEED = 7;

/** Whether files can be made immutable here, as a disk that turned read-only makes them: root, on ext4 or the like. */
function canForbidWrites(file: string): boolean {
  try {
    execFileSync('chattr', ['+i', file], { stdio: 'pipe' });
    execFileSync('chattr', ['-i', file], { stdio: 'pipe' });
    return true;
  } catch {
    console.warn('A disk that turns read-only in mid-run is not tested: chattr +i takes root, and ext4 or the like.');
    return false;
  }
}

/** All that must hold of an execution that ended in the end, whatever came between; `seen` are results of before. */
async function problemsOf(file: string, { id, name }: CliWorkload, seen: ReadonlyMap<string, unknown>) {
  const results = await readBeside(file, id);
  const client = new LocalClient({ database: file, clock: systemClock });
  try {
    const events = await allEvents(client, id);
    const metrics = await client.metrics(name);
    for (const [visit, view] of seen) expect(results.get(visit)).toEqual(view);
    return [
      ...historyProblems(events, [...results.values()]),
      ...metricsProblems(metrics, events, [...results.values()]),
    ];
  } finally {
    await client.close();
  }
}

describe('a disk', () => {
  let whole: string;
  let size: number;
  beforeAll(async () => {
    await using workload = new CliWorkload(SEED, NODES);
    const { code, stdout } = await workload.run(workload.path('whole.db'));
    expect(code).toBe(0);
    whole = stdout;
    size = statSync(workload.path('whole.db')).size;
  });

  describe.skipIf(!canMount())('of its own', () => {
    it.each([0.3, 0.9])(
      'that is full after %f of what is to be written: run says so and how to go on, and resume does',
      {
        timeout: 120_000,
      },
      async (part) => {
        await using workload = new CliWorkload(SEED, NODES);
        // Beside the log lie the shared memory and the database's first pages.
        using disk = new SmallDisk(String(Math.round(size * part) + 100_000));
        const file = join(disk.directory, 'small.db');

        const failed = await workload.run(file);
        const stillFull = await workload.resume(file);
        const { results, damage } = await readCopy(file, workload.id);
        disk.remount('size=64m');
        const resumed = await workload.resume(file);

        for (const { code, stdout, stderr } of [failed, stillFull]) {
          expect(code).toBe(4);
          expect(stdout).toBe('');
          expect(stderr).toMatch(/error: The disk is full: '.*small.db.*' cannot grow/);
          expect(stderr).not.toContain('"level"');
        }
        expect(failed.stderr).toContain(`fanjoin resume kept --database ${file}`);
        expect(damage).toEqual([]);
        expect(results.size).toBeGreaterThan(0);
        expect(resumed.stdout).toBe(whole);
        expect(await problemsOf(file, workload, results)).toEqual([]);
      },
    );

    it('that is read-only when it is resumed: nothing is written, and a later resume goes on', {
      timeout: 120_000,
    }, async () => {
      await using workload = new CliWorkload(SEED, NODES);
      using disk = new SmallDisk(String(Math.round(size / 2)));
      const file = join(disk.directory, 'small.db');
      await workload.run(file);
      disk.remount('ro,size=64m');

      const refused = await workload.resume(file);
      disk.remount('rw');
      const { results, damage } = await readCopy(file, workload.id);
      const resumed = await workload.resume(file);

      expect(refused.code).toBe(4);
      expect(refused.stderr).toMatch(/error: The directory of the database, '.*', is not writable/);
      expect(damage).toEqual([]);
      expect(resumed.stdout).toBe(whole);
      expect(await problemsOf(file, workload, results)).toEqual([]);
    });
  });

  it('that turns read-only in mid-run: run says so and how to go on, and resume does', {
    timeout: 120_000,
  }, async (context) => {
    await using workload = new CliWorkload(SEED, NODES);
    const file = workload.path('kept.db');
    if (!canForbidWrites(workload.path('input.json'))) context.skip();
    const setImmutable = (flag: '+i' | '-i') => execFileSync('chattr', [flag, file, `${file}-wal`], { stdio: 'pipe' });

    const running = workload.start(file);
    await running.untilStderr('✓');
    setImmutable('+i');
    const failed = await running.finished.finally(() => setImmutable('-i'));
    const { results, damage } = await readCopy(file, workload.id);
    const resumed = await workload.resume(file);

    expect(failed.code).toBe(4);
    expect(failed.stdout).toBe('');
    expect(failed.stderr).toMatch(/error: The disk of '.*kept.db' failed, was detached or became read-only/);
    expect(failed.stderr).toContain(`fanjoin resume kept --database ${file}`);
    expect(damage).toEqual([]);
    expect(resumed.stdout).toBe(whole);
    expect(await problemsOf(file, workload, results)).toEqual([]);
  });
});
