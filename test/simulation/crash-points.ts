import type { FaultKind } from './faults.ts';
import type { Scenario } from './scenario.ts';
import { type Report, simulateScenario } from './simulate.ts';

const POINTS = ['crashBefore', 'crashAfter'] as const satisfies readonly FaultKind[];

export interface CrashPoints {
  /** Calls of the run without a crash. */
  readonly calls: number;
  /** Runs with a crash. */
  readonly points: number;
  readonly failed: readonly { readonly crashes: readonly string[]; readonly violations: readonly string[] }[];
}

/**
 * Runs a workload once as it is, then once for each call of a port with a crash of the caller before it, and once after it.
 * @param inPairs also with each pair of such crashes
 * @param every of the first crashes of pairs only each so manieth is tried
 * @param isEnough stops before all is tried
 */
export async function enumerateCrashes(
  scenario: Scenario,
  {
    inPairs = false,
    every = 1,
    isEnough = () => false,
  }: { readonly inPairs?: boolean; readonly every?: number; readonly isEnough?: (found: number) => boolean } = {},
): Promise<CrashPoints> {
  const whole = await crashedRun(scenario, []);
  const failed: { crashes: readonly string[]; violations: readonly string[] }[] = [];
  if (whole.report.violations.length > 0) failed.push({ crashes: [], violations: whole.report.violations });
  let points = 0;
  for (const [index, first] of whole.crashes.entries()) {
    if (isEnough(failed.length)) break;
    points++;
    const once = await crashedRun(scenario, [first]);
    if (once.report.violations.length > 0) failed.push({ crashes: [first], violations: once.report.violations });
    if (!inPairs || index % every > 0) continue;
    // A crash before the first would have been the first.
    for (const second of once.crashes.slice(once.crashes.indexOf(first) + 1)) {
      points++;
      const { report } = await crashedRun(scenario, [first, second]);
      if (report.violations.length > 0) failed.push({ crashes: [first, second], violations: report.violations });
    }
  }
  return { calls: whole.crashes.length / POINTS.length, points, failed };
}

/** @returns the crashes that can happen in it, in order */
async function crashedRun(
  scenario: Scenario,
  crashes: readonly string[],
): Promise<{ readonly report: Report; readonly crashes: readonly string[] }> {
  const calls: string[] = [];
  const controls = scenario.controls.map(({ id }) => id);
  const report = await simulateScenario(scenario, {
    exactly: new Set([...crashes, ...controls]),
    onCall: (site) => calls.push(site),
  });
  return { report, crashes: calls.flatMap((site) => POINTS.map((point) => `${point}@${site}`)) };
}
