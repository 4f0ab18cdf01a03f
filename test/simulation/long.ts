import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { MUTANT_SEEDS, type MutantOutcome, runMutants } from './mutants.ts';
import { type CrashedWorkload, crashWorkloads, runSeeds, type SeedsSummary } from './run-many.ts';

/** The long proof: many seeds, crashes in pairs, mutants. Writes what it counted into `docs/reliability.md`. */

const DOCUMENT = join(import.meta.dirname, '../../docs/reliability.md');
const [BEGIN, END] = ['<!-- figures of the simulation: written by npm run test:long -->', '<!-- end of figures -->'];

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '20000' } } });

const say = (line: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);

say(`${values.seeds} seeds`);
const summary = await runSeeds(1, Number(values.seeds), ({ seed, violations }) => {
  say(`seed ${seed} FAILED: ${violations[0]}`);
  return false;
});

say('crash points, in pairs where a workload is short');
const workloads: CrashedWorkload[] = [];
for await (const workload of crashWorkloads({ inPairs: true })) {
  workloads.push(workload);
  say(`${workload.name}: ${workload.points} points, ${workload.failed.length} failed`);
}

say('mutants');
const mutants: MutantOutcome[] = [];
for (const mutant of runMutants()) {
  mutants.push(mutant);
  say(`${mutant.name}: ${mutant.found?.by ?? 'MISSED'}`);
}

writeFigures([...seedFigures(summary), '', ...crashFigures(workloads), '', ...mutantFigures(mutants)]);
const isAllWell =
  summary.failed.length === 0 &&
  workloads.every(({ failed }) => failed.length === 0) &&
  mutants.every(({ found }) => found !== undefined);
if (!isAllWell) process.exitCode = 1;
say(isAllWell ? 'all well' : 'NOT all well');

function seedFigures({
  seeds,
  executions,
  controls,
  steps,
  virtualMs,
  tookMs,
  faults,
  failed,
}: SeedsSummary): string[] {
  const total = Object.values(faults).reduce((sum, number) => sum + number, 0);
  const rows = Object.entries(FAULT_KINDS).map(([kind, says]) => `| ${says} | ${grouped(faults[kind as FaultKind])} |`);
  return [
    `**Seeds**: ${grouped(seeds)}, of which ${failed.length} failed. ${grouped(executions)} executions, ${grouped(controls)} pauses, resumes, cancels, redrives and the like, ${grouped(steps)} steps, ${grouped(virtualMs / 3_600_000)} hours of virtual time in ${grouped(tookMs / 60_000)} minutes.`,
    '',
    `| What went wrong | ${grouped(total)} times |`,
    '| --- | --: |',
    ...rows,
  ];
}

function crashFigures(all: readonly CrashedWorkload[]): string[] {
  const points = all.reduce((sum, workload) => sum + workload.points, 0);
  const failed = all.reduce((sum, workload) => sum + workload.failed.length, 0);
  const rows = all.map(
    (workload) => `| ${workload.name} | ${workload.calls} | ${grouped(workload.points)} | ${workload.failed.length} |`,
  );
  return [
    `**Crash points**: ${grouped(points)}, of which ${failed} failed.`,
    '',
    '| Workload | Calls | Runs with one crash, or two | Failed |',
    '| --- | --: | --: | --: |',
    ...rows,
  ];
}

function mutantFigures(all: readonly MutantOutcome[]): string[] {
  const found = all.filter((mutant) => mutant.found !== undefined).length;
  const rows = all.map(
    ({ does, found: finding }) => `| ${does} | ${finding?.by.replace(/@.*$/, '') ?? '**missed**'} |`,
  );
  return [
    `**Mutants**: ${found} of ${all.length} found, within ${MUTANT_SEEDS} seeds or by a crash point.`,
    '',
    '| What the broken sources do | Found by |',
    '| --- | --- |',
    ...rows,
  ];
}

function writeFigures(lines: readonly string[]): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before = '', rest = ''] = text.split(BEGIN);
  const [, after = ''] = rest.split(END);
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${lines.join('\n')}\n\n${END}${after}`);
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
