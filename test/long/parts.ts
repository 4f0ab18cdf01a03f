import { HOSTILE_KINDS, type HostileFigures, type HostileKind } from '../hostile/kinds.ts';
import { mutantNames } from '../simulation/mutants.ts';
import { workloadScenarios } from '../simulation/workloads.ts';
import {
  crashesSummary,
  hostileSummary,
  killsSummary,
  mutantsSummary,
  type PartSummary,
  seedsSummary,
  testsSummary,
} from './figures.ts';
import type { Done, JobPool } from './job-pool.ts';

export interface PartOptions {
  /** In (0, 1]: so much of everything is done. */
  readonly scale: number;
  /** Of what is made at random, but for the simulator's seeds: those are always the same. */
  readonly seed: number;
}

export interface PartOutcome extends PartSummary {
  /** Of all its jobs together. */
  readonly workMs: number;
}

const SEEDS = 20_000;
const SEEDS_PER_JOB = 1_000;
const KILLS = 200;
const KILL_JOBS = 4;
const KILL_NODES = 2_000;
const STACK_KILLS = 200;
const STACK_NODES = 300;
const DISK_TESTS = ['test/kills/disk.test.ts', 'test/kills/engine-life.test.ts'];
/** Trials of each kind, and how many processes they are divided over. */
const TRIALS: Readonly<Record<HostileKind, readonly [count: number, jobs: number]>> = {
  requests: [100_000, 10],
  cursors: [20_000, 1],
  http: [5_000, 1],
  definitions: [20_000, 1],
  expressions: [10_000, 4],
  files: [20_000, 2],
};

/**
 * The parts of the long proof, in the order in which their jobs begin: what waits for processes and disks beside what
 * takes the processor all the time, and what is short last, so that none of two cores is without work at the end.
 */
export const PARTS: Readonly<Record<string, (pool: JobPool, options: PartOptions) => Promise<PartOutcome>>> = {
  async kills(pool, { scale, seed }) {
    const stack = pool.run('stackKills', {
      kills: scaled(STACK_KILLS, scale),
      seed,
      nodes: STACK_NODES,
      checksMetrics: true,
    });
    const local = Array.from({ length: KILL_JOBS }, (_, job) =>
      pool.run('kills', {
        kills: scaled(KILLS / KILL_JOBS, scale),
        // Jobs with seeds that lie together would have workloads in common.
        seed: seed + job * 1_000,
        nodes: KILL_NODES,
      }),
    );
    const [locals, stacks] = [await settled(local), await settled([stack])];
    const summary = killsSummary(locals.outputs, stacks.outputs);
    return outcome(summary, locals, stacks);
  },

  async hostile(pool, { scale, seed }) {
    const byKind = HOSTILE_KINDS.toReversed().map(async (kind) => {
      const [count, jobs] = TRIALS[kind];
      const part = scaled(count / jobs, scale);
      const tried = Array.from({ length: jobs }, (_, job) =>
        pool.run('hostile', { kind, range: { seed, from: job * part, count: part } }),
      );
      return { kind, tried: await settled(tried) };
    });
    const kinds = await Promise.all(byKind);
    const figures = new Map<HostileKind, readonly HostileFigures[]>(
      kinds.map(({ kind, tried }) => [kind, tried.outputs]),
    );
    return outcome(hostileSummary(figures, seed), ...kinds.map(({ tried }) => tried));
  },

  async crashes(pool, { scale }) {
    const every = Math.round(1 / scale);
    const crashed = [...workloadScenarios().keys()].map((workload) => pool.run('crashes', { workload, every }));
    const done = await settled(crashed);
    return outcome(crashesSummary(done.outputs), done);
  },

  async seeds(pool, { scale }) {
    const count = scaled(SEEDS, scale);
    const jobs = Math.ceil(count / SEEDS_PER_JOB);
    const ran = Array.from({ length: jobs }, (_, job) =>
      pool.run('seeds', {
        first: job * SEEDS_PER_JOB + 1,
        count: Math.min(SEEDS_PER_JOB, count - job * SEEDS_PER_JOB),
      }),
    );
    const done = await settled(ran);
    return outcome(seedsSummary(done.outputs), done);
  },

  async mutants(pool, { scale }) {
    const every = Math.round(1 / scale);
    const names = mutantNames().filter((_, index) => index % every === 0);
    const unbroken = pool.run('unbroken', {});
    const done = await settled(names.map((name) => pool.run('mutant', name)));
    const control = await settled([unbroken]);
    return outcome(mutantsSummary(done.outputs, control.outputs), done, control);
  },

  async disks(pool) {
    const done = await settled([pool.run('disks', DISK_TESTS)]);
    return outcome(testsSummary(done.outputs), done);
  },
};

const scaled = (count: number, scale: number): number => Math.max(1, Math.round(count * scale));

interface Settled<T> {
  readonly outputs: readonly T[];
  readonly failures: readonly string[];
  readonly ms: number;
}

async function settled<T>(jobs: readonly Promise<Done<T>>[]): Promise<Settled<T>> {
  const done = await Promise.all(jobs);
  return {
    outputs: done.flatMap((end) => ('output' in end ? [end.output] : [])),
    failures: done.flatMap((end) => ('failure' in end ? [end.failure] : [])),
    ms: done.reduce((sum, { ms }) => sum + ms, 0),
  };
}

/** A job without figures is a problem: it proves nothing. */
function outcome({ problems, figures }: PartSummary, ...jobs: readonly Settled<unknown>[]): PartOutcome {
  return {
    problems: [...jobs.flatMap(({ failures }) => failures), ...problems],
    figures,
    workMs: jobs.reduce((sum, { ms }) => sum + ms, 0),
  };
}
