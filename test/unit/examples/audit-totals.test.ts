import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditOutput } from '../../../examples/audit/handlers.ts';
import { lockfileText, runAudit } from './audit-fixtures.ts';

const repository = join(import.meta.dirname, '../../..');
const lockfile = readFileSync(join(repository, 'package-lock.json'), 'utf8');

const sh = (command: string, folder: string): string =>
  execFileSync('bash', ['-o', 'pipefail', '-c', command], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

function isThere(tool: string): boolean {
  try {
    sh(`${tool} --version`, repository);
    return true;
  } catch {
    return false;
  }
}

const BYTES = 'bytes in the files installed';

/** What npm last put into `node_modules`, by its own account. */
const installedPaths = (): string[] =>
  Object.keys(JSON.parse(readFileSync(join(repository, 'node_modules/.package-lock.json'), 'utf8')).packages);

const tools = { jq: isThere('jq'), npm: isThere('npm'), find: process.platform !== 'win32' };

/** Runs the command, or skips the test with the reason where its tool is not installed. */
function runOrSkip(context: { skip(reason: string): never }, command: string, folder: string): string {
  const tool = command.startsWith('jq') ? 'jq' : command.startsWith('npm') ? 'npm' : 'find';
  if (!tools[tool]) context.skip(`${tool} is not installed here, so its command was not run: ${command}`);
  return sh(command, folder);
}

describe("the totals of this repository's lockfile", () => {
  let report: AuditOutput['json'];
  const value = (label: string) => report.totals.find((total) => total.label === label)?.value;
  beforeAll(async () => {
    report = (await runAudit({ lockfile, folder: repository })).json;
  }, 60_000);

  test('are what a plain count of its flags gives', () => {
    const { '': _root, ...packages } = JSON.parse(lockfile).packages;
    const entries: [string, Record<string, unknown>][] = Object.entries(packages);
    const flagged = (flag: string) => entries.filter(([, entry]) => entry[flag] !== undefined).length;
    const names = new Map<string, Set<unknown>>();
    for (const [path, entry] of entries) {
      const name = String(entry.name ?? path.replace(/^.*node_modules\//, ''));
      names.set(name, (names.get(name) ?? new Set()).add(entry.version));
    }

    expect(value('packages')).toBe(entries.length);
    expect(value('of them ship to production')).toBe(entries.length - flagged('dev'));
    expect(value('for development only')).toBe(flagged('dev'));
    expect(value('optional: installed where they can be')).toBe(flagged('optional'));
    expect(value('for development, and optional in production')).toBe(flagged('devOptional'));
    expect(value('asked for as peers only')).toBe(flagged('peer'));
    expect(value('deprecated')).toBe(flagged('deprecated'));
    expect(value('run a script when installed')).toBe(flagged('hasInstallScript'));
    expect(value('different names')).toBe(names.size);
    expect(value('names with several versions')).toBe([...names.values()].filter(({ size }) => size > 1).length);
  });

  test('of the licences add up to all packages', () => {
    expect(report.licences.reduce((sum, { packages }) => sum + packages, 0)).toBe(value('packages'));
    expect(report.licences.reduce((sum, { shipping }) => sum + shipping, 0)).toBe(value('of them ship to production'));
  });

  test('each command beside a total gives that total', { timeout: 120_000 }, (context) => {
    const commands = report.totals
      .filter(({ label }) => label !== BYTES)
      .flatMap((total) => total.commands.map((command) => ({ ...total, command })));

    const given = commands.map(({ label, command }) => [label, Number(runOrSkip(context, command, repository))]);

    expect(given).toEqual(commands.map((total) => [total.label, total.value]));
  });

  test('the command beside the bytes gives them', { timeout: 120_000 }, (context) => {
    const stray = installedPaths().filter((path) => !(path in JSON.parse(lockfile).packages));
    if (stray.length > 0) context.skip(`node_modules holds what the lockfile does not (${stray[0]}); run npm ci`);
    const total = report.totals.find(({ label }) => label === BYTES);

    const given = runOrSkip(context, total?.commands[0] ?? '', repository);

    expect(Number(given)).toBe(total?.value);
  });

  test('the command beside the licences gives the table', (context) => {
    const lines = runOrSkip(context, report.licencesCommand, repository).trim().split('\n');

    expect(lines.toSorted()).toEqual(
      report.licences.map(({ licence, packages }) => `${packages} ${licence}`).toSorted(),
    );
  });
});

describe('the totals of a lockfile with workspaces, aliases and an odd name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-'));
  const fileName = "it's a lock.json";
  const text = lockfileText(
    {
      'node_modules/web': {
        link: true,
        resolved: 'packages/web',
        version: undefined,
        license: undefined,
        integrity: undefined,
      },
      'packages/web': { name: 'web', hasInstallScript: true, dependencies: { ms: '2' } },
      'packages/web/node_modules/ms': { version: '2.0.0', license: undefined },
      'node_modules/old-ms': { name: 'ms', version: '1.0.0' },
      'node_modules/d': { dev: true, deprecated: 'gone' },
    },
    { workspaces: ['packages/*'], dependencies: { 'old-ms': 'npm:ms@1' }, devDependencies: { d: '1' } },
  );
  afterAll(() => rmSync(folder, { recursive: true }));

  test('count packages only, and each command agrees', async (context) => {
    writeFileSync(join(folder, fileName), text);
    const { json } = await runAudit({ lockfile: text, fileName });

    const given = json.totals.map(({ commands }) =>
      commands.map((command) => Number(runOrSkip(context, command, folder))),
    );

    expect(json.totals.map(({ label, value }) => `${value} ${label}`).slice(0, 3)).toEqual([
      '3 packages',
      '2 of them ship to production',
      '1 for development only',
    ]);
    expect(given).toEqual(json.totals.map(({ value }) => [value]));
  });
});
