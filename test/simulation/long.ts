import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { isFound, MUTANT_SEEDS, type MutantOutcome, runMutants } from './mutants.ts';
import { type CrashedWorkload, crashWorkloads, runSeeds, type SeedsSummary } from './run-many.ts';
import { ADVANCES } from './scenario.ts';

/** The long proof: many seeds, crashes in pairs, mutants. Writes what it counted into `docs/reliability.md`. */

const DOCUMENT = join(import.meta.dirname, '../../docs/reliability.md');
const PARTS = ['seeds', 'crashes', 'mutants'] as const;
type Part = (typeof PARTS)[number];

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20000' },
    /** One of the parts. Default: all. */
    only: { type: 'string' },
  },
});

const say = (line: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);

const proofs: Readonly<Record<Part, () => Promise<{ readonly isWell: boolean; readonly figures: readonly string[] }>>> =
  {
    async seeds() {
      say(`${values.seeds} seeds`);
      const summary = await runSeeds(1, Number(values.seeds), ({ seed, violations }) => {
        say(`seed ${seed} FAILED: ${violations[0]}`);
        return false;
      });
      return { isWell: summary.failed.length === 0, figures: seedFigures(summary) };
    },
    async crashes() {
      say('crash points, in pairs where a workload is short');
      const workloads: CrashedWorkload[] = [];
      for await (const workload of crashWorkloads({ inPairs: true })) {
        workloads.push(workload);
        say(`${workload.name}: ${workload.points} points, ${workload.failed.length} failed`);
      }
      return { isWell: workloads.every(({ failed }) => failed.length === 0), figures: crashFigures(workloads) };
    },
    async mutants() {
      say('mutants');
      const mutants: MutantOutcome[] = [];
      for (const mutant of runMutants()) {
        mutants.push(mutant);
        say(`${mutant.name}: ${ADVANCES.map((mode) => mutant.found[mode]?.by ?? 'missed').join(', ')}`);
      }
      return { isWell: mutants.every(isFound), figures: mutantFigures(mutants) };
    },
  };

let isAllWell = true;
for (const part of PARTS) {
  if (values.only !== undefined && values.only !== part) continue;
  const { isWell, figures } = await proofs[part]();
  isAllWell &&= isWell;
  writeFigures(part, figures);
}
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
  const found = all.filter(isFound).length;
  const rows = all.map(({ does, found: finding }) => {
    const columns = ADVANCES.map((mode) => finding[mode]?.by.replace(/@.*$/, '') ?? '–');
    return `| ${does} | ${columns.join(' | ')} |`;
  });
  return [
    `**Mutants**: ${found} of ${all.length} found, within ${MUTANT_SEEDS} seeds or by a crash point.`,
    '',
    `| What the broken sources do | ${ADVANCES.map((mode) => `Found by, ${mode}`).join(' | ')} |`,
    '| --- | --- | --- |',
    ...rows,
  ];
}

function writeFigures(part: Part, lines: readonly string[]): void {
  const [begin, end] = [`<!-- ${part}: written by npm run test:long -->`, `<!-- end of ${part} -->`];
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before = '', rest = ''] = text.split(begin);
  const [, after = ''] = rest.split(end);
  writeFileSync(DOCUMENT, `${before}${begin}\n\n${lines.join('\n')}\n\n${end}${after}`);
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
