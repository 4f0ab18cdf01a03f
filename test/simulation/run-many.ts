import type { Advance } from '../../shared/model/config.ts';
import { enumerateCrashes } from './crash-points.ts';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { type Reached, type Report, simulate } from './simulate.ts';
import { workloadScenarios } from './workloads.ts';

/** What many seeds came to. */
export interface SeedsSummary {
  readonly seeds: number;
  readonly executions: number;
  readonly controls: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly tookMs: number;
  readonly faults: Readonly<Record<FaultKind, number>>;
  readonly reached: Readonly<Record<Reached, number>>;
  readonly failed: readonly Report[];
}

/** @param onFailure gives whether to stop there */
export async function runSeeds(
  first: number,
  count: number,
  onFailure: (report: Report) => boolean,
  advance?: Advance,
): Promise<SeedsSummary> {
  const beganMs = performance.now();
  const faults = Object.fromEntries(Object.keys(FAULT_KINDS).map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const reached: Record<Reached, number> = { tooOld: 0, triedTooOften: 0, unsettled: 0, told: 0, toldTwice: 0 };
  const sum = { seeds: 0, steps: 0, virtualMs: 0, executions: 0, controls: 0 };
  const failed: Report[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const report = await simulate(seed, { advance });
    sum.seeds++;
    sum.steps += report.steps;
    sum.virtualMs += report.virtualMs;
    sum.executions += report.executions;
    sum.controls += report.controls.length;
    for (const { kind } of report.faults) faults[kind]++;
    for (const [name, count] of Object.entries(report.reached)) reached[name as Reached] += count;
    if (report.violations.length === 0) continue;
    failed.push(report);
    if (onFailure(report)) break;
  }
  return { ...sum, faults, reached, failed, tookMs: performance.now() - beganMs };
}

export interface CrashedWorkload {
  readonly name: string;
  /** Of its run without a crash. */
  readonly calls: number;
  /** Runs with one crash. */
  readonly points: number;
  /** Runs with two. */
  readonly pairs: number;
  readonly failed: readonly { readonly crashes: readonly string[]; readonly violations: readonly string[] }[];
  readonly tookMs: number;
}

/** Workloads of at most so many calls are also run with two crashes: their number grows with the square. */
const MOST_CALLS_FOR_PAIRS = 42;

export interface CrashOptions {
  readonly inPairs?: boolean;
  /** Of the first crashes of pairs only each so manieth is tried. Default 1: all. */
  readonly every?: number;
  /** Stops at the first that fails. */
  readonly isFirstEnough?: boolean;
  /** Only workloads whose executions advance so. Default: all. */
  readonly advance?: Advance | undefined;
}

/** @param name of one of the workloads */
export async function crashWorkload(
  name: string,
  { inPairs = false, every = 1, isFirstEnough = false }: CrashOptions = {},
): Promise<CrashedWorkload> {
  const scenario = workloadScenarios().get(name);
  if (scenario === undefined) throw new Error(`There is no workload '${name}'`);
  const beganMs = performance.now();
  const isEnough = (found: number) => isFirstEnough && found > 0;
  const single = await enumerateCrashes(scenario, { isEnough });
  const goesOn = inPairs && single.calls <= MOST_CALLS_FOR_PAIRS && single.failed.length === 0;
  const pairs = goesOn ? await enumerateCrashes(scenario, { inPairs, every, isEnough }) : undefined;
  return {
    name,
    calls: single.calls,
    points: single.points,
    pairs: pairs === undefined ? 0 : pairs.points - single.points,
    failed: (pairs ?? single).failed,
    tookMs: performance.now() - beganMs,
  };
}

/** All workloads, one after the other. */
export async function* crashWorkloads(options: CrashOptions = {}): AsyncGenerator<CrashedWorkload> {
  for (const [name, { advance }] of workloadScenarios()) {
    if (options.advance !== undefined && advance !== options.advance) continue;
    const crashed = await crashWorkload(name, options);
    yield crashed;
    if (options.isFirstEnough === true && crashed.failed.length > 0) return;
  }
}
