import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { heapOptions } from '../hostile/function-heap.ts';
import type { HostileKind, TrialRange } from '../hostile/kinds.ts';
import type { KillOptions } from '../kills/kill-runs.ts';
import type { StackKillOptions } from '../kills/stack-kills.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * What the long run consists of. Each runs in a process of its own, which loads what it needs and no more; what it takes
 * and gives can be cloned.
 */
export const JOBS = {
  async seeds({ first, count }: { readonly first: number; readonly count: number }) {
    const { runSeeds } = await import('../simulation/run-many.ts');
    return runSeeds(first, count, () => false);
  },
  async crashes({ workload, every }: { readonly workload: string; readonly every: number }) {
    const { crashWorkload } = await import('../simulation/run-many.ts');
    return crashWorkload(workload, { inPairs: true, every });
  },
  async mutant(name: string) {
    const { runMutant } = await import('../simulation/mutants.ts');
    return runMutant(name);
  },
  async unbroken(_: Record<string, never>) {
    const { findUnbroken } = await import('../simulation/mutants.ts');
    return findUnbroken();
  },
  async hostile({ kind, range }: { readonly kind: HostileKind; readonly range: TrialRange }) {
    const { tryKind } = await import('../hostile/kinds.ts');
    return tryKind(kind, range);
  },
  async kills(options: KillOptions) {
    const { runKills } = await import('../kills/kill-runs.ts');
    return runKills(options);
  },
  async stackKills(options: StackKillOptions) {
    const { runStackKills } = await import('../kills/stack-kills.ts');
    return runStackKills(options);
  },
  async disks(files: readonly string[]) {
    return runTests(files);
  },
};
type Jobs = typeof JOBS;
export type JobName = keyof Jobs;
export type InputOf<Name extends JobName> = Parameters<Jobs[Name]>[0];
export type OutputOf<Name extends JobName> = Awaited<ReturnType<Jobs[Name]>>;

interface Limits {
  readonly minutes: number;
  /** Of Node. */
  readonly options: readonly string[];
}

/** The memory of the functions that evaluate expressions, and of the API, which answers eight requests at once here. */
const FUNCTION_MEGABYTES = 1_024;

/** What goes on for longer does not end; what takes more memory than the function it is about would have been killed there. */
export function limitsOf<Name extends JobName>(name: Name): Limits {
  const options = name === 'hostile' ? heapOptions(FUNCTION_MEGABYTES) : [];
  return { minutes: 20, options };
}

/** A test with an outcome and, for one that failed, why. */
const TestReport = z.object({
  testResults: z.array(
    z.object({
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

export interface TestsRun {
  readonly passed: readonly string[];
  readonly skipped: readonly string[];
  readonly failed: readonly string[];
}

/** Runs test files, with an engine that is stopped for a minute. */
function runTests(files: readonly string[]): TestsRun {
  const directory = mkdtempSync(join(tmpdir(), 'long-tests-'));
  try {
    const report = join(directory, 'report.json');
    const { stderr } = spawnSync(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', ...files, '--reporter=json', `--outputFile=${report}`],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, STOP_SECONDS: '60' } },
    );
    return readReport(readFileSync(report, 'utf8'), stderr);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readReport(text: string, stderr: string): TestsRun {
  const { testResults } = TestReport.parse(JSON.parse(text));
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const named = (status: string) => tests.filter((test) => test.status === status).map(({ fullName }) => fullName);
  const failed = tests
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages?.[0]?.slice(0, 500)}`);
  return {
    passed: named('passed'),
    skipped: [...named('skipped'), ...named('pending')],
    failed: tests.length === 0 ? [`no test ran: ${stderr.slice(-500)}`] : failed,
  };
}
