import * as z from 'zod';
import { resolveDependencies } from './dependency-edges.ts';
import { isInstalled, type LockedPackage, type Lockfile, LockfileEntry } from './locked-package.ts';
import { LockfileError } from './lockfile-error.ts';

const LockfileText = z.object({
  lockfileVersion: z.number().optional(),
  packages: z.record(z.string(), LockfileEntry).optional(),
});

/**
 * Reads a `package-lock.json` or `npm-shrinkwrap.json` of version 2 or 3 and resolves every dependency in it.
 * @throws {LockfileError} if it is not JSON, of version 1, or lists no packages
 */
export function parseLockfile(text: string): Lockfile {
  const entries = readEntries(text);
  const paths = [...entries.keys()].sort();
  const locked = paths.flatMap((path) => {
    const entry = entries.get(path);
    return entry === undefined || entry.link ? [] : [toPackage(path, entry, entries)];
  });
  return {
    projects: locked.filter(({ path }) => !isInstalled(path)),
    packages: locked.filter(({ path }) => isInstalled(path)),
    hasLinks: [...entries.values()].some(({ link }) => link),
  };
}

function readEntries(text: string): ReadonlyMap<string, LockfileEntry> {
  const parsed = LockfileText.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new LockfileError(
      'LOCKFILE_INVALID',
      `The lockfile is not as npm writes it. ${z.prettifyError(parsed.error)}`,
    );
  }
  const { lockfileVersion, packages } = parsed.data;
  if (lockfileVersion === 1) {
    throw new LockfileError(
      'LOCKFILE_VERSION_1',
      'The lockfile has version 1, which does not tell licences. Rewrite it: npm install --package-lock-only --lockfile-version 3',
    );
  }
  if (packages === undefined) {
    throw new LockfileError(
      'LOCKFILE_WITHOUT_PACKAGES',
      "The file is JSON but has no 'packages', so it is no package-lock.json. Give the lockfile, not package.json.",
    );
  }
  if (packages[''] === undefined) {
    throw new LockfileError(
      'LOCKFILE_WITHOUT_ROOT',
      "The lockfile's 'packages' lack the root, ''. Rewrite it: npm install --package-lock-only",
    );
  }
  return new Map(Object.entries(packages));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const hint = /^<{7} /m.test(text)
      ? 'It has merge conflict markers; npm install --package-lock-only settles them.'
      : 'Give a package-lock.json; lockfiles of yarn and pnpm are not read.';
    throw new LockfileError('LOCKFILE_NOT_JSON', `The lockfile is not JSON (${describe(cause)}). ${hint}`, cause);
  }
}

const describe = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function toPackage(path: string, entry: LockfileEntry, entries: ReadonlyMap<string, LockfileEntry>): LockedPackage {
  const { dev, optional, devOptional, peer, extraneous } = entry;
  return {
    path,
    name: entry.name ?? nameOf(path),
    version: entry.version ?? '(no version)',
    licence: licenceText(entry.license),
    deprecated: entry.deprecated === undefined || entry.deprecated === false ? null : deprecationText(entry.deprecated),
    hasInstallScript: entry.hasInstallScript,
    hasIntegrity: entry.integrity !== undefined,
    isBundled: entry.inBundle,
    resolved: entry.resolved ?? null,
    flags: { dev, optional, devOptional, peer, extraneous },
    dependencies: resolveDependencies(path, entry, entries),
  };
}

const nameOf = (path: string): string => (path === '' ? '(unnamed)' : (path.split('node_modules/').at(-1) ?? path));

const deprecationText = (message: string | true): string =>
  message === true || message === '' ? 'no reason is given' : message;

function licenceText(license: unknown): string | null {
  if (typeof license === 'string') return license.trim() === '' ? null : license.trim();
  if (Array.isArray(license)) {
    const texts = license.map(licenceText).filter((text) => text !== null);
    return texts.length === 0 ? null : texts.join(' OR ');
  }
  if (typeof license === 'object' && license !== null && 'type' in license) return licenceText(license.type);
  return null;
}
