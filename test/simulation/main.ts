import { parseArgs } from 'node:util';
import { enumerateCrashes } from './crash-points.ts';
import { FAULT_KINDS } from './faults.ts';
import { type MutantOutcome, runMutants } from './mutants.ts';
import { shrink } from './shrink.ts';
import { type Report, simulate } from './simulate.ts';
import { workloadScenarios } from './workloads.ts';

const USAGE = `Runs the deployed functions on simulated time, with faults (docs/reliability.md).

  npm run simulate -- --seed N [--trace]         one seed, the same each time; if it fails, also with fewest faults
  npm run simulate -- --seeds N [--from M]       many, with a table
  npm run simulate -- --crash-points [--pairs]   a crash before and after every call of each workload
  npm run simulate -- --mutants [--mutant NAME]  whether it notices when the sources are broken
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    'first-failure': { type: 'boolean', default: false },
    'crash-points': { type: 'boolean', default: false },
    pairs: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    mutant: { type: 'string' },
  },
});

const onTrace = values.trace ? (line: string) => console.log(line) : undefined;
if (values.seed !== undefined) await runSeed(Number(values.seed));
else if (values.seeds !== undefined) await runSeeds(Number(values.from), Number(values.seeds));
else if (values['crash-points']) await crashPoints();
else if (values.mutants) mutants(values.mutant);
else console.log(USAGE);

async function runSeed(seed: number): Promise<void> {
  const report = await simulate(seed, { onTrace });
  console.log(
    `seed ${seed}: ${report.executions} executions, ${report.steps} steps, ${seconds(report.virtualMs)} s of virtual time, ${report.faults.length} faults`,
  );
  if (report.violations.length > 0) await explain(report);
}

/** What fails with the fewest faults, and how it came about. */
async function explain(failing: Report): Promise<void> {
  process.exitCode = 1;
  const { seed } = failing;
  console.log(`seed ${seed} FAILED: ${failing.violations.join('\n  ')}`);
  const { report, runs } = await shrink(failing, (exactly) => simulate(seed, { exactly }));
  const lines: string[] = [];
  const left = new Set([...report.faults.map(({ id }) => id), ...report.controls]);
  await simulate(seed, { exactly: left, onTrace: (line) => lines.push(line) });
  console.log(
    `\nIts history with the ${left.size} of ${failing.faults.length + failing.controls.length} faults and controls that it takes (${runs} runs):`,
  );
  for (const line of lines) console.log(line);
  console.log(`\nFaults and controls: ${[...left].join(', ') || 'none'}`);
  console.log(`seed ${seed} FAILED: ${report.violations.join('\n  ')}`);
}

async function runSeeds(first: number, count: number): Promise<void> {
  const beganMs = performance.now();
  const kinds = new Map<string, number>(Object.keys(FAULT_KINDS).map((kind) => [kind, 0]));
  const sum = { runs: 0, steps: 0, virtualMs: 0, executions: 0, controls: 0 };
  const failed: Report[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const report = await simulate(seed);
    sum.runs++;
    sum.steps += report.steps;
    sum.virtualMs += report.virtualMs;
    sum.executions += report.executions;
    sum.controls += report.controls.length;
    for (const { kind } of report.faults) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (report.violations.length === 0) continue;
    failed.push(report);
    console.log(`seed ${seed} FAILED: ${report.violations[0]?.slice(0, 400)} [${report.faults.length} faults]`);
    if (values['first-failure']) break;
  }
  const tookS = (performance.now() - beganMs) / 1_000;
  const faults = [...kinds.values()].reduce((total, number) => total + number, 0);
  console.log(`\nseeds         ${sum.runs}, of which ${failed.length} failed`);
  console.log(`executions    ${sum.executions}, with ${sum.controls} pauses, resumes, cancels, redrives`);
  console.log(`steps         ${sum.steps}`);
  console.log(`virtual time  ${(sum.virtualMs / 3_600_000).toFixed(1)} h`);
  console.log(`time          ${tookS.toFixed(1)} s, ${(sum.runs / tookS).toFixed(1)} seeds/s`);
  console.log(`faults        ${faults}`);
  for (const [kind, number] of kinds) console.log(`  ${kind.padEnd(16)} ${number}`);
  const [example] = failed;
  if (example !== undefined && !values['first-failure']) await explain(example);
  else if (example !== undefined) process.exitCode = 1;
}

async function crashPoints(): Promise<void> {
  let total = 0;
  for (const [name, scenario] of workloadScenarios()) {
    const beganMs = performance.now();
    const isEnough = (found: number) => values['first-failure'] && found > 0;
    const { calls, points, failed } = await enumerateCrashes(scenario, { inPairs: values.pairs, isEnough });
    total += points;
    console.log(
      `${name.padEnd(18)} ${String(calls).padStart(4)} calls ${String(points).padStart(7)} points ${String(failed.length).padStart(4)} failed ${seconds(performance.now() - beganMs)} s`,
    );
    for (const { crashes, violations } of failed.slice(0, 3))
      console.log(`${name}: ${crashes.join(', ')} FAILED: ${violations[0]}`);
    if (failed.length > 0) process.exitCode = 1;
    if (isEnough(failed.length)) break;
  }
  console.log(`${total} crash points`);
}

function mutants(wanted: string | undefined): void {
  const outcomes: MutantOutcome[] = [];
  for (const outcome of runMutants(wanted)) {
    outcomes.push(outcome);
    const { name, found } = outcome;
    console.log(
      `${name.padEnd(32)} ${found === undefined ? 'MISSED' : `${found.by}: ${found.violation.slice(0, 120)}`}`,
    );
    if (found === undefined) process.exitCode = 1;
  }
  console.log(`${outcomes.filter(({ found }) => found !== undefined).length} of ${outcomes.length} mutants found`);
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
