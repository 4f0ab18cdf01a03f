import { expect, test } from 'vitest';
import { AuditPolicy } from '../../../examples/audit/input.ts';
import type { LockedPackage } from '../../../examples/audit/locked-package.ts';
import { checkPackage } from '../../../examples/audit/package-check.ts';

const policy = AuditPolicy.parse({ approvedInstallScripts: ['approved'] });

const aPackage = (overrides: Partial<LockedPackage>): LockedPackage => ({
  path: 'node_modules/a',
  name: 'a',
  version: '1.0.0',
  licence: 'MIT',
  deprecated: null,
  hasInstallScript: false,
  hasIntegrity: true,
  isBundled: false,
  resolved: null,
  flags: { dev: false, optional: false, devOptional: false, peer: false, extraneous: false },
  dependencies: [],
  ...overrides,
});

test.each([
  ['from a registry', { resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' }, null],
  ['without a place, as npm may leave it out', { resolved: null }, null],
  [
    'from Git over ssh',
    { resolved: 'git+ssh://git@github.com/x/a.git#1', hasIntegrity: false },
    'comes from a Git repository',
  ],
  ['from GitHub by its short name', { resolved: 'github:x/a#1', hasIntegrity: false }, 'comes from a Git repository'],
  ['over plain HTTP', { resolved: 'http://registry.example/a.tgz' }, 'downloaded without encryption'],
  ['without a hash', { hasIntegrity: false }, 'no integrity hash'],
  ["in another one's tarball", { hasIntegrity: false, isBundled: true }, null],
])('a package %s: the source is judged', (_where, overrides, problem) => {
  expect(checkPackage(aPackage(overrides), policy).sourceProblem).toBe(problem);
});

test('an install script is told unless it is approved', () => {
  expect(checkPackage(aPackage({ hasInstallScript: true }), policy).hasUnapprovedScript).toBe(true);
  expect(checkPackage(aPackage({ hasInstallScript: true, name: 'approved' }), policy).hasUnapprovedScript).toBe(false);
  expect(checkPackage(aPackage({}), policy).hasUnapprovedScript).toBe(false);
});
