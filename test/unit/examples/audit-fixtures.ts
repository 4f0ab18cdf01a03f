import {
  AuditOutput,
  check,
  duplicates,
  ParsedInput,
  parse,
  reach,
  report,
  sizes,
} from '../../../examples/audit/handlers.ts';
import { AuditInput } from '../../../examples/audit/input.ts';
import type { Lockfile } from '../../../examples/audit/locked-package.ts';
import { parseLockfile } from '../../../examples/audit/lockfile.ts';
import { aNodeContext, runHandler } from './run-workflow.ts';

/** Entries of a lockfile's `packages`; the root and an integrity are added where they are left out. */
export type Entries = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export function lockfileText(entries: Entries, root: Readonly<Record<string, unknown>> = {}): string {
  const packages = Object.entries(entries).map(([path, entry]) => [
    path,
    { version: '1.0.0', license: 'MIT', integrity: 'sha512-x', ...entry },
  ]);
  return JSON.stringify({
    name: 'shop',
    lockfileVersion: 3,
    packages: { '': { name: 'shop', version: '2.0.0', ...root }, ...Object.fromEntries(packages) },
  });
}

export const aLockfile = (entries: Entries, root?: Readonly<Record<string, unknown>>): Lockfile =>
  parseLockfile(lockfileText(entries, root));

/** The audit's handlers in the order of its graph. */
export async function runAudit(fields: Partial<AuditInput> & { lockfile: string }): Promise<AuditOutput> {
  const input = AuditInput.parse(fields);
  const parsed = ParsedInput.parse(await runHandler(parse, input));
  const { policy, fileName, folder, packages, projects, hasLinks } = parsed;
  const results = {
    fileName,
    lockfile: { packages, projects, hasLinks },
    checks: await Promise.all(packages.map((locked) => runHandler(check, { package: locked, policy }))),
    duplicates: await runHandler(duplicates, parsed),
    reach: await runHandler(reach, parsed),
    sizes: await runHandler(sizes, { folder, paths: packages.map(({ path }) => path) }, aNodeContext()),
  };
  return AuditOutput.parse(await runHandler(report, results));
}
