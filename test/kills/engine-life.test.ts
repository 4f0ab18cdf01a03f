import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { LocalClient } from '../../shared/executor/local-client.ts';
import { ADVANCE } from '../support/advance.ts';
import { allEvents, historyProblems, metricsProblems } from '../support/history-agreement.ts';
import type { Job } from './job.ts';
import { runUndisturbed } from './kill-runs.ts';
import type { Reference } from './killed-run.ts';
import { RunnerChild } from './runner-child.ts';
import { readBeside } from './standing.ts';

const SEED = 11;
const NODES = 600;
/** How long an engine is stopped: a minute in the long run. */
const STOP_SECONDS = Number(process.env.STOP_SECONDS ?? 2);
const HOUR_MS = 3_600_000;
const NOBODY = 65_534;
const EXECUTION = 'lived';

describe('an engine in a process of its own', () => {
  let reference: Reference;
  let directory: string;
  let job: Job;
  let children: RunnerChild[];

  beforeAll(async () => {
    reference = await runUndisturbed({ seed: SEED, nodes: NODES, advance: ADVANCE });
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fanjoin-life-'));
    chmodSync(directory, 0o777);
    children = [];
    const file = join(directory, 'db', 'life.db');
    job = { file, log: join(directory, 'log'), executionId: EXECUTION, seed: SEED, nodes: NODES };
  });
  afterEach(async () => {
    for (const child of children) child.signal('SIGKILL');
    await Promise.all(children.map(({ exit }) => exit));
    rmSync(directory, { recursive: true });
  });

  function start(more: Partial<Job> = {}, identity = {}): RunnerChild {
    const child = new RunnerChild({ ...job, ...more }, identity);
    children.push(child);
    return child;
  }

  /** Under way, with results. */
  async function startAndWait(more: Partial<Job> = {}, identity = {}): Promise<RunnerChild> {
    const child = start(more, identity);
    await child.reaches('going');
    await expect.poll(async () => (await readBeside(job.file, EXECUTION)).size, { timeout: 20_000 }).toBeGreaterThan(5);
    return child;
  }

  /** How the execution ended, whatever came between. */
  async function expectWhole(): Promise<void> {
    const results = [...(await readBeside(job.file, EXECUTION)).values()];
    const client = new LocalClient({ database: job.file, clock: systemClock });
    try {
      const { output } = await client.outcome(EXECUTION);
      const events = await allEvents(client, EXECUTION);
      const metrics = await client.metrics(reference.workload.definition.name);
      expect(output).toEqual(reference.agreement.output);
      expect(results).toHaveLength(reference.agreement.results.length);
      expect([...historyProblems(events, results), ...metricsProblems(metrics, events, results)]).toEqual([]);
    } finally {
      await client.close();
    }
  }

  it('is the only one of two that are started at once, and is not disturbed by the other', {
    timeout: 60_000,
  }, async () => {
    const exits = await Promise.all([start(), start()].map(({ exit }) => exit));

    const refused = exits.filter(({ stderr }) => stderr.includes('DATABASE_IN_USE'));
    // The slower one may find it done.
    expect(exits.filter(({ code }) => code === 0).length + refused.length).toBe(2);
    expect(refused.length).toBeLessThan(2);
    await expectWhole();
  });

  it(`that is stopped for ${STOP_SECONDS} s keeps its file, lets others look, and goes on`, {
    timeout: 60_000 + STOP_SECONDS * 1_000,
  }, async () => {
    const child = await startAndWait();
    child.signal('SIGSTOP');
    const seen = await readBeside(job.file, EXECUTION);
    const { stderr } = await start().exit;
    await delay(STOP_SECONDS * 1_000);
    child.signal('SIGCONT');
    const { code } = await child.exit;

    expect(stderr).toContain('DATABASE_IN_USE');
    expect(code).toBe(0);
    const results = await readBeside(job.file, EXECUTION);
    for (const [visit, view] of seen) expect(results.get(visit)).toEqual(view);
    await expectWhole();
  });

  it('whose directory is removed ends and says so', { timeout: 60_000 }, async () => {
    const child = await startAndWait();
    rmSync(dirname(job.file), { recursive: true });

    const { code, stderr } = await child.exit;

    expect(code).not.toBe(0);
    expect(stderr).toMatch(/DatabaseError: The file '.*' was deleted, moved or replaced while the database was in use/);
    expect(stderr).toContain("code: 'DATABASE_GONE'");
  });

  it('whose lock is removed, so that another could take its file, ends and says so', { timeout: 60_000 }, async () => {
    const first = await startAndWait();
    rmSync(`${job.file}-lock`);

    const { code, stderr } = await first.exit;
    const second = await start().exit;

    expect(code).not.toBe(0);
    expect(stderr).toContain("code: 'DATABASE_GONE'");
    expect(second).toMatchObject({ code: 0, stderr: '' });
    await expectWhole();
  });

  it('does not mind permissions that change while it runs: its files are open', { timeout: 60_000 }, async () => {
    const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const child = await startAndWait({}, identity);
    chmodSync(job.file, 0o444);

    const { code } = await child.exit;
    chmodSync(job.file, 0o666);

    expect(code).toBe(0);
    await expectWhole();
  });

  it('goes on where a clock is an hour behind, again and again', { timeout: 60_000 }, async () => {
    for (const hours of [0, 1, 2]) {
      const child = start({ clockSkewMs: -hours * HOUR_MS });
      await child.reaches('going');
      await delay(150);
      child.signal('SIGKILL');
      await child.exit;
    }

    const { code } = await start({ clockSkewMs: -3 * HOUR_MS }).exit;

    expect(code).toBe(0);
    await expectWhole();
  });
});
