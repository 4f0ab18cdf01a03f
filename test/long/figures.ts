import { type HostileFigures, type HostileKind, MAX_TRIAL_MS } from '../hostile/kinds.ts';
import type { KillFigures } from '../kills/kill-runs.ts';
import type { StackKillFigures } from '../kills/stack-kills.ts';
import { FAULT_KINDS, type FaultKind } from '../simulation/faults.ts';
import { isFound, isFoundBySeed, MUTANT_SEEDS, type MutantOutcome } from '../simulation/mutants.ts';
import type { CrashedWorkload, SeedsSummary } from '../simulation/run-many.ts';
import { ADVANCES } from '../simulation/scenario.ts';
import { REACHED, type Reached } from '../simulation/simulate.ts';
import type { TestsRun } from './jobs.ts';

/** What the jobs of a part come to. */
export interface PartSummary {
  /** What must not be: none, if all is well. */
  readonly problems: readonly string[];
  /** For `docs/reliability.md`. */
  readonly figures: readonly string[];
}

export function seedsSummary(all: readonly SeedsSummary[]): PartSummary {
  const sum = (of: (summary: SeedsSummary) => number) => sumOf(all.map(of));
  const failed = all.flatMap((summary) => summary.failed);
  const kinds = Object.entries(FAULT_KINDS).map(([kind, says]) => ({
    says,
    times: sum(({ faults }) => faults[kind as FaultKind]),
  }));
  // Of few seeds some kinds are no part.
  const isMany = sum(({ seeds }) => seeds) >= 1_000;
  const ends = Object.entries(REACHED).map(([name, says]) => ({
    says,
    times: sum(({ reached }) => reached[name as Reached]),
  }));
  const never = isMany ? [...kinds, ...ends].filter(({ times }) => times === 0) : [];
  return {
    problems: [
      ...failed.map(({ seed, violations }) => `seed ${seed}: ${violations[0]}`),
      ...never.map(({ says }) => `this never happened: ${says}`),
    ],
    figures: [
      `**Seeds**: ${grouped(sum(({ seeds }) => seeds))}, of which ${failed.length} failed. ${grouped(sum(({ executions }) => executions))} executions, ${grouped(sum(({ controls }) => controls))} pauses, resumes, cancels, redrives and the like, ${grouped(sum(({ steps }) => steps))} steps, ${grouped(sum(({ virtualMs }) => virtualMs) / 3_600_000)} hours of virtual time.`,
      '',
      `| What went wrong | ${grouped(sumOf(kinds.map(({ times }) => times)))} times |`,
      '| --- | --: |',
      ...kinds.map(({ says, times }) => `| ${says} | ${grouped(times)} |`),
      '',
      `What that led to, among the rest: ${ends.map(({ says, times }) => `${grouped(times)} ${says}`).join('; ')}.`,
    ],
  };
}

export function crashesSummary(all: readonly CrashedWorkload[]): PartSummary {
  const sum = (of: (workload: CrashedWorkload) => number) => sumOf(all.map(of));
  const problems = all.flatMap(({ name, failed }) =>
    failed.map(({ crashes, violations }) => `${name}: ${crashes.join(', ')}: ${violations[0]}`),
  );
  return {
    problems,
    figures: [
      `**Crash points**: ${grouped(sum(({ points }) => points))}, and ${grouped(sum(({ pairs }) => pairs))} pairs of them, of which ${problems.length} failed.`,
      '',
      '| Workload | Calls | Runs with one crash | With two | Failed |',
      '| --- | --: | --: | --: | --: |',
      ...all.map(
        ({ name, calls, points, pairs, failed }) =>
          `| ${name} | ${calls} | ${grouped(points)} | ${pairs === 0 ? '' : grouped(pairs)} | ${failed.length} |`,
      ),
    ],
  };
}

/** @param unbroken what is found in the same way where nothing is broken */
export function mutantsSummary(
  all: readonly MutantOutcome[],
  unbroken: readonly MutantOutcome['found'][] = [],
): PartSummary {
  const missed = all.filter((mutant) => !isFound(mutant));
  const bySeeds = all.filter(isFoundBySeed).length;
  const onlyByCrashes = all.filter((mutant) => isFound(mutant) && !isFoundBySeed(mutant));
  const wrong = unbroken.flatMap((found) => Object.values(found));
  return {
    problems: [
      ...missed.map(({ name }) => `the mutant ${name} is not found`),
      ...onlyByCrashes.map(
        ({ name }) => `the mutant ${name} is found by a crash point, and by none of ${MUTANT_SEEDS} seeds`,
      ),
      ...wrong.map(({ by, violation }) => `found although nothing is broken, by ${by}: ${violation}`),
    ],
    figures: [
      `**Mutants**: ${all.length - missed.length} of ${all.length} found, ${missed.length} missed; ${bySeeds} by one of ${MUTANT_SEEDS} seeds, ${onlyByCrashes.length} by crash points only.`,
      '',
      `| What the broken sources do | ${ADVANCES.map((mode) => `Found, \`${mode}\`, by`).join(' | ')} |`,
      '| --- | --- | --- |',
      ...all.map(({ does, found }) => {
        const columns = ADVANCES.map((mode) => found[mode]?.by.replace(/@.*$/, '') ?? '–');
        return `| ${does} | ${columns.join(' | ')} |`;
      }),
    ],
  };
}

const KIND_NAMES: Readonly<Record<HostileKind, string>> = {
  requests: 'requests to the API, in process',
  cursors: 'made-up cursors',
  http: 'requests to the API, over HTTP',
  definitions: 'definitions',
  expressions: 'expressions',
  files: 'definition files (YAML)',
};

/** @param byKind figures of each process that tried */
export function hostileSummary(byKind: ReadonlyMap<HostileKind, readonly HostileFigures[]>, seed: number): PartSummary {
  const rows = [...byKind].map(([kind, figures]) => {
    const outcomes = new Map<string, number>();
    for (const one of figures)
      for (const [code, times] of Object.entries(one.outcomes)) outcomes.set(code, (outcomes.get(code) ?? 0) + times);
    const taken = sumOf([...outcomes].map(([code, times]) => (isTaken(code) ? times : 0)));
    return {
      kind,
      trials: sumOf(figures.map(({ trials }) => trials)),
      taken,
      failures: figures.flatMap(({ failures }) => failures),
      slowestMs: Math.max(0, ...figures.map(({ slowestMs }) => slowestMs)),
      megabytes: Math.max(0, ...figures.map(({ mostMegabytes }) => mostMegabytes)),
    };
  });
  const failed = sumOf(rows.map(({ failures }) => failures.length));
  return {
    problems: rows.flatMap(({ kind, failures }) => failures.map((failure) => `${kind}: ${failure}`)),
    figures: [
      `**Hostile input**: ${grouped(sumOf(rows.map(({ trials }) => trials)))} trials (seed ${seed}), of which ${failed} ended with a server error, without a code, or after more than ${MAX_TRIAL_MS / 1_000} s.`,
      '',
      '| What | Trials | Taken | Refused, with a code | Failed | Slowest | Most memory |',
      '| --- | --: | --: | --: | --: | --: | --: |',
      ...rows.map(
        ({ kind, trials, taken, failures, slowestMs, megabytes }) =>
          `| ${KIND_NAMES[kind]} | ${grouped(trials)} | ${grouped(taken)} | ${grouped(Math.max(0, trials - taken))} | ${failures.length} | ${(slowestMs / 1_000).toFixed(1)} s | ${grouped(megabytes)} MB |`,
      ),
    ],
  };
}

const isTaken = (code: string): boolean => code === 'ok' || /^[23]\d\d$/.test(code);

export function killsSummary(local: readonly KillFigures[], stack: readonly StackKillFigures[]): PartSummary {
  const sum = (of: (figures: KillFigures) => number) => sumOf(local.map(of));
  const sumStack = (of: (figures: StackKillFigures) => number) => sumOf(stack.map(of));
  const seeds = [...local, ...stack].map(({ seed }) => seed);
  const phases = totals(local.map(({ killsByPhase }) => killsByPhase));
  const functions = totals(stack.map(({ killsByFunction }) => killsByFunction));
  return {
    problems: [...local, ...stack].flatMap(({ seed, problems }) =>
      problems.map((problem) => `seed ${seed}: ${problem}`),
    ),
    figures: [
      `**Kills**: ${grouped(sum(({ kills }) => kills))} processes of the local twin (${listed(phases)}) in workloads of ${grouped(local[0]?.nodes ?? 0)} nodes, and ${grouped(sumStack(({ kills }) => kills))} workers of the local stack (${listed(functions)}) in workloads of ${grouped(stack[0]?.nodes ?? 0)} (seeds ${[...new Set(seeds)].join(', ')}).`,
      '',
      '| | Local twin | Functions on the local stack |',
      '| --- | --: | --: |',
      `| kills | ${grouped(sum(({ kills }) => kills))} | ${grouped(sumStack(({ kills }) => kills))} |`,
      `| executions | ${grouped(sum(({ executions }) => executions))} | ${grouped(sumStack(({ executions }) => executions))} |`,
      `| of which complete, every check passed | ${grouped(sum(({ completed }) => completed))} | ${grouped(sumStack(({ completed }) => completed))} |`,
      `| results seen | ${grouped(sum(({ resultsSeen }) => resultsSeen))} | |`,
      `| results lost | ${sum(({ resultsLost }) => resultsLost)} | |`,
      `| results changed | ${sum(({ resultsChanged }) => resultsChanged)} | |`,
      `| counted twice | ${sum(({ countedTwice }) => countedTwice)} | |`,
      `| handlers that ran again | ${grouped(sum(({ repeatedCalls }) => repeatedCalls))} | |`,
      `| problems | ${sum(({ problems }) => problems.length)} | ${sumStack(({ problems }) => problems.length)} |`,
    ],
  };
}

/** Of tests that take a disk, or a minute. One that is skipped proves nothing, and is named. */
export function testsSummary(all: readonly TestsRun[]): PartSummary {
  const [passed, skipped, failed] = [
    all.flatMap((run) => run.passed),
    all.flatMap((run) => run.skipped),
    all.flatMap((run) => run.failed),
  ];
  return {
    problems: failed,
    figures: [
      `**Disks and engines**: ${passed.length} tests passed, ${failed.length} failed, ${skipped.length} skipped.`,
      '',
      ...passed.map((name) => `- ${name}`),
      ...skipped.map((name) => `- skipped: ${name}`),
    ],
  };
}

function totals(counts: readonly Readonly<Record<string, number>>[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const [name, count] of counts.flatMap((one) => Object.entries(one))) all.set(name, (all.get(name) ?? 0) + count);
  return all;
}

const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || 'none';

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');
