import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Advance } from '../../shared/model/config.ts';
import { ADVANCES } from './scenario.ts';

const ROOT = join(import.meta.dirname, '../..');
const PATCHES = join(import.meta.dirname, 'mutants');
export const COPIED = [
  ...['shared', 'functions', 'infra', 'package.json'],
  ...['test/simulation', 'test/support', 'test/bench/measure'],
];
/** A mutant that never comes to rest is ended. Of the processor's time: on a busy machine others take as long without a fault. */
const MAX_CPU_SECONDS = 300;
const LIMITED = `ulimit -t ${MAX_CPU_SECONDS} && exec "$0" "$@"`;

export const MUTANT_SEEDS = 500;

export interface MutantOutcome {
  readonly name: string;
  /** What it does wrong, in a sentence. */
  readonly does: string;
  /** How it was found, by how executions advance. What it breaks may be no part of one of the two. */
  readonly found: { readonly [Mode in Advance]?: Finding };
}

/** By which seed or crash, and what was violated. */
export interface Finding {
  readonly by: string;
  readonly violation: string;
}

export const isFound = ({ found }: MutantOutcome): boolean => ADVANCES.some((mode) => found[mode] !== undefined);

/** Within {@link MUTANT_SEEDS}, in one of the modes; else only a crash point told. */
export const isFoundBySeed = ({ found }: MutantOutcome): boolean =>
  ADVANCES.some((mode) => /^(--seeds|seed )/.test(found[mode]?.by ?? ''));

/** Breaks a copy of the sources in one place each, and looks whether the simulation notices. */
export function* runMutants(wanted?: string): Generator<MutantOutcome> {
  for (const name of mutantNames()) if (wanted === undefined || name === wanted) yield runMutant(name);
}

export const mutantNames = (): string[] =>
  readdirSync(PATCHES)
    .map((file) => file.replace(/\.patch$/, ''))
    .sort();

/** @throws if its patch does not apply */
export function runMutant(name: string): MutantOutcome {
  const patch = readFileSync(join(PATCHES, `${name}.patch`), 'utf8');
  const [does = ''] = patch.split('\n');
  const directory = mkdtempSync(join(tmpdir(), 'simulated-mutant-'));
  try {
    for (const path of COPIED) cpSync(join(ROOT, path), join(directory, path), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    const applied = spawnSync('git', ['apply', '-C1', '-'], { cwd: directory, input: patch, encoding: 'utf8' });
    if (applied.status !== 0) throw new Error(`The mutant ${name} does not apply any more: ${applied.stderr}`);
    return { name, does, found: findingsIn(directory) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What is found in the sources as they are, in the same way: if it is anything, no mutant was found by what it breaks. */
export const findUnbroken = (): MutantOutcome['found'] => findingsIn(ROOT);

function findingsIn(directory: string): MutantOutcome['found'] {
  const found: { [Mode in Advance]?: Finding } = {};
  for (const mode of ADVANCES) {
    const options = ['--first-failure', '--advance', mode];
    const finding =
      runIn(directory, ['--seeds', String(MUTANT_SEEDS), ...options]) ??
      runIn(directory, ['--crash-points', ...options]);
    if (finding !== undefined) found[mode] = finding;
  }
  return found;
}

function runIn(directory: string, options: readonly string[]): Finding | undefined {
  const { status, stdout, stderr, error } = spawnSync(
    'sh',
    ['-c', LIMITED, process.execPath, 'test/simulation/main.ts', ...options],
    { cwd: directory, encoding: 'utf8' },
  );
  if (status === 0) return undefined;
  if (error !== undefined) throw error;
  if (status === null) return { by: options[0] ?? '', violation: 'it does not come to rest' };
  const [, by = '', violation = ''] = /^(.+) FAILED: (.*)$/m.exec(stdout) ?? [];
  if (by === '') throw new Error(`A mutant broke the simulation itself: ${stderr.slice(-2_000)}`);
  return { by, violation };
}
