import { parseArgs } from 'node:util';
import { Advance } from '../../shared/model/config.ts';
import { isFound, isFoundBySeed, type MutantOutcome, mutantNames, runMutants } from './mutants.ts';
import { predict } from './predict.ts';
import { crashWorkloads, runSeeds } from './run-many.ts';
import { ADVANCES } from './scenario.ts';
import { shrink } from './shrink.ts';
import { type Report, replayOf, simulate } from './simulate.ts';

const USAGE = `Runs the deployed functions on simulated time, with faults (docs/reliability.md).

  npm run simulate -- --seed N [--trace]         one seed, the same each time; if it fails, also with fewest faults
  npm run simulate -- --seeds N [--from M]       many, with a table
  npm run simulate -- --crash-points [--pairs]   a crash before and after every call of each workload
  npm run simulate -- --mutants | --mutant NAME  whether it notices when the sources are broken: all, or one
  npm run simulate -- --predict [--file FILE]    time and operations on AWS of some shapes, or of a WfCommons instance

  --advance eager|stream                         how executions advance. Default: as a seed draws; both; as deployed
`;

// Whoever pipes it into `head` has read enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const values = readOptions();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

const numbers = { seed: values.seed, seeds: values.seeds, from: values.from };
for (const [name, text] of Object.entries(numbers))
  if (text !== undefined && !/^\d{1,9}$/.test(text)) refuse(`--${name} takes a number from 0, not '${text}'`);
const wanted = values.mutant;
if (wanted !== undefined && !mutantNames().includes(wanted))
  refuse(`There is no mutant '${wanted}': they are the files of test/simulation/mutants`);
const given = Advance.optional().safeParse(values.advance);
if (!given.success) refuse(`--advance takes ${ADVANCES.join(' or ')}, not '${values.advance}'`);
const advance = given.data;

if (values.seed !== undefined) await oneSeed(Number(values.seed));
else if (values.seeds !== undefined) await manySeeds(Number(values.from), Number(values.seeds));
else if (values['crash-points']) await crashPoints();
else if (values.mutants || wanted !== undefined) mutants();
else if (values.predict) for await (const line of predict(values.file, advance)) console.log(line);
else refuse('It was not said what to run');

function readOptions() {
  try {
    return parseArgs({
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
        predict: { type: 'boolean', default: false },
        file: { type: 'string' },
        advance: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    // Of an option it does not know, or that lacks its value.
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(why: string): never {
  console.error(`${why}\n\n${USAGE}`);
  process.exit(2);
}

async function oneSeed(seed: number): Promise<void> {
  const onTrace = values.trace ? (line: string) => console.log(line) : undefined;
  const report = await simulate(seed, { advance, onTrace });
  const { executions, steps, virtualMs, faults } = report;
  console.log(
    `seed ${seed}: ${executions} executions, ${steps} steps, ${seconds(virtualMs)} s of virtual time, ${faults.length} faults`,
  );
  if (report.violations.length > 0) await explain(report);
}

/** What fails with the fewest faults, and how it came about. */
async function explain(failing: Report): Promise<void> {
  process.exitCode = 1;
  const { seed } = failing;
  console.log(`seed ${seed} FAILED: ${failing.violations.join('\n  ')}`);
  const { report, runs } = await shrink(failing, (exactly) => simulate(seed, { advance, exactly }));
  const left = [...report.faults.map(({ id }) => id), ...report.controls];
  const drawn = failing.faults.length + failing.controls.length;
  console.log(`\nIts history with the ${left.length} of ${drawn} faults and controls that it takes (${runs} runs):`);
  await simulate(seed, { advance, exactly: new Set(left), onTrace: (line) => console.log(line) });
  console.log(`\nFaults and controls: ${left.join(', ') || 'none'}`);
  console.log(`Again: ${replayOf(seed, advance)} --trace`);
  console.log(`seed ${seed} FAILED: ${report.violations.join('\n  ')}`);
}

async function manySeeds(first: number, count: number): Promise<void> {
  const onFailure = ({ seed, violations, faults: drawn }: Report) => {
    console.log(
      `seed ${seed} FAILED: ${violations[0]?.slice(0, 400)} [${drawn.length} faults] ${replayOf(seed, advance)}`,
    );
    return values['first-failure'];
  };
  const summary = await runSeeds(first, count, onFailure, advance);
  const { seeds, executions, controls, steps, virtualMs, tookMs, faults, reached, failed } = summary;
  console.log(`\nseeds         ${seeds}, of which ${failed.length} failed`);
  console.log(`executions    ${executions}, with ${controls} pauses, resumes, cancels, redrives`);
  console.log(`steps         ${steps}`);
  console.log(`virtual time  ${(virtualMs / 3_600_000).toFixed(1)} h`);
  console.log(`time          ${seconds(tookMs)} s, ${((seeds * 1_000) / tookMs).toFixed(1)} seeds/s`);
  console.log(`faults        ${Object.values(faults).reduce((sum, number) => sum + number, 0)}`);
  for (const [kind, number] of Object.entries(faults)) console.log(`  ${kind.padEnd(16)} ${number}`);
  for (const [name, number] of Object.entries(reached)) console.log(`${name.padEnd(16)}   ${number}`);
  const [example] = failed;
  if (example === undefined) return;
  process.exitCode = 1;
  if (!values['first-failure']) await explain(example);
}

async function crashPoints(): Promise<void> {
  let total = 0;
  const workloads = crashWorkloads({ inPairs: values.pairs, isFirstEnough: values['first-failure'], advance });
  for await (const { name, calls, points: single, pairs, failed, tookMs } of workloads) {
    const points = single + pairs;
    total += points;
    const counts = `${String(calls).padStart(4)} calls ${String(points).padStart(7)} points ${String(failed.length).padStart(4)} failed`;
    console.log(`${name.padEnd(18)} ${counts} ${seconds(tookMs)} s`);
    for (const { crashes, violations } of failed.slice(0, 3))
      console.log(`${name}: ${crashes.join(', ')} FAILED: ${violations[0]}`);
    if (failed.length > 0) process.exitCode = 1;
  }
  console.log(`${total} crash points`);
}

function mutants(): void {
  const outcomes: MutantOutcome[] = [];
  for (const outcome of runMutants(wanted)) {
    outcomes.push(outcome);
    for (const mode of ADVANCES) {
      const finding = outcome.found[mode];
      const says = finding === undefined ? 'missed' : `${finding.by}: ${finding.violation.slice(0, 120)}`;
      console.log(`${outcome.name.padEnd(32)} ${mode.padEnd(6)} ${says}`);
    }
    if (!isFound(outcome)) process.exitCode = 1;
  }
  const [all, bySeed] = [outcomes.filter(isFound).length, outcomes.filter(isFoundBySeed).length];
  console.log(`${all} of ${outcomes.length} mutants found: ${bySeed} by seeds, ${all - bySeed} by crash points only`);
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
