import type { Report } from './simulate.ts';

/**
 * The fewest of a failing run's faults and controls with which it still fails (delta debugging: Zeller and Hildebrandt,
 * "Simplifying and Isolating Failure-Inducing Input"), in any way: what is left is smaller, and so is another bug.
 *
 * @param run the same seed with exactly these, by their ids
 */
export async function shrink(
  failing: Report,
  run: (exactly: ReadonlySet<string>) => Promise<Report>,
): Promise<{ readonly report: Report; readonly runs: number }> {
  let kept = idsOf(failing);
  let report = failing;
  let runs = 0;
  const fails = async (ids: readonly string[]): Promise<boolean> => {
    runs++;
    const tried = await run(new Set(ids));
    if (tried.violations.length === 0) return false;
    report = tried;
    return true;
  };
  if (!(await fails(kept))) return { report: failing, runs };
  for (let parts = 2; kept.length > 0; ) {
    const size = Math.ceil(kept.length / parts);
    let hasShrunk = false;
    for (let start = 0; start < kept.length; start += size) {
      const rest = kept.filter((_, index) => index < start || index >= start + size);
      if (!(await fails(rest))) continue;
      kept = rest;
      hasShrunk = true;
      break;
    }
    if (hasShrunk) parts = Math.max(2, parts - 1);
    else if (size === 1) break;
    else parts = Math.min(kept.length, parts * 2);
  }
  return { report, runs };
}

const idsOf = ({ faults, controls }: Report): string[] => [...faults.map(({ id }) => id), ...controls];
