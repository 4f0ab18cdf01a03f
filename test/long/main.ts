import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withFigures } from './document.ts';
import { JobPool } from './job-pool.ts';
import { PARTS, type PartOutcome } from './parts.ts';

const USAGE = `The long proof: seeds, crashes in pairs, mutants, hostile input, kills, disks. Each part writes what it counted
into docs/reliability.md as it ends. Ends with 1 if anything was found, or could not be run.

  npm run test:long                      everything: about half an hour on two idle cores
  npm run test:long -- --part mutants    only this (and --part …): ${Object.keys(PARTS).join(', ')}
  npm run test:long -- --scale 0.05      a rehearsal; its figures go into a file of its own
  npm run test:long -- --seed N          of hostile input and kills, as their figures name it
  npm run test:long -- --jobs N          processes at once; default: the cores there are
`;

const DOCUMENT = join(import.meta.dirname, '../../docs/reliability.md');

const { values } = parseArgs({
  options: {
    part: { type: 'string', multiple: true, default: Object.keys(PARTS) },
    scale: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    jobs: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', default: false },
  },
});
const scale = Number(values.scale);
const unknown = values.part.filter((name) => !Object.hasOwn(PARTS, name));
if (values.help || unknown.length > 0 || !(scale > 0 && scale <= 1)) {
  console.error(`${unknown.map((name) => `There is no part '${name}'\n`).join('')}${USAGE}`);
  process.exit(values.help ? 0 : 2);
}

const beganMs = Date.now();
const date = new Date().toISOString().slice(0, 10);
const [machine] = cpus();
const commit = commitNow();
const document = scale === 1 ? DOCUMENT : join(tmpdir(), `reliability-at-scale-${scale}.md`);
const say = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
if (scale < 1) {
  writeFileSync(document, readFileSync(DOCUMENT));
  say(`at a scale of ${scale}: figures go into ${document}`);
}

const pool = new JobPool(Number(values.jobs));
const found: string[] = [];
const parts = Object.entries(PARTS).filter(([name]) => values.part.includes(name));
await Promise.all(
  parts.map(async ([name, run]) => {
    const outcome = await run(pool, { scale, seed: Number(values.seed) });
    report(name, outcome);
  }),
);

const tookMinutes = ((Date.now() - beganMs) / 60_000).toFixed(1);
if (parts.length === Object.keys(PARTS).length) {
  write('run', [
    `Written by \`npm run test:long\` on ${date}, at commit ${commit}${ofScale()}, in ${tookMinutes} minutes, on ${availableParallelism()} cores (${machine?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB), Node ${process.versions.node}: ${found.length === 0 ? 'all well' : `**${counted(found.length)}**`}.`,
  ]);
}
if (found.length > 0) process.exitCode = 1;
say(`${found.length === 0 ? 'all well' : counted(found.length)}, after ${tookMinutes} minutes`);

/** At once: what a later part runs into does not take what an earlier one found. */
function report(name: string, { problems, figures, workMs }: PartOutcome): void {
  found.push(...problems);
  const minutes = (workMs / 60_000).toFixed(1);
  say(`${name}: ${problems.length === 0 ? 'well' : counted(problems.length)}, ${minutes} minutes of work`);
  for (const problem of problems) say(`  ${name}: ${problem}`);
  const shown = problems.slice(0, 20).map((problem) => `- ${problem.replaceAll(/\s+/g, ' ').slice(0, 300)}`);
  write(name, [
    ...figures,
    ...(problems.length === 0 ? [] : ['', `**${counted(problems.length)}:**`, '', ...shown]),
    '',
    `<sub>${date}, commit ${commit}${ofScale()}, ${minutes} minutes of work.</sub>`,
  ]);
}

function write(name: string, lines: readonly string[]): void {
  writeFileSync(document, withFigures(readFileSync(document, 'utf8'), name, lines));
}

function counted(problems: number): string {
  return problems === 1 ? '1 problem' : `${problems} problems`;
}

function ofScale(): string {
  return scale === 1 ? '' : `, at a scale of ${scale}`;
}

function commitNow(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--', ':(top)', ':(top,exclude)docs');
    return `${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : ' with changes'}`;
  } catch {
    return 'unknown';
  }
}
