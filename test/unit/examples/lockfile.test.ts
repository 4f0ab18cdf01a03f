import { describe, expect, test } from 'vitest';
import { parseLockfile } from '../../../examples/audit/lockfile.ts';
import { aLockfile } from './audit-fixtures.ts';

const edgesOf = (lockfile: ReturnType<typeof aLockfile>, path: string) =>
  Object.fromEntries(
    [...lockfile.projects, ...lockfile.packages]
      .find((locked) => locked.path === path)
      ?.dependencies.map(({ name, kind, to }) => [name, `${kind} ${to}`]) ?? [],
  );

describe('reading a lockfile', () => {
  test.each([
    [
      "yarn's lockfile",
      'lodash@^4:\n  version "4.17.21"\n',
      'LOCKFILE_NOT_JSON',
      /not JSON .*yarn and pnpm are not read/,
    ],
    ['merge conflicts', '{\n<<<<<<< HEAD\n"a": 1\n=======\n', 'LOCKFILE_NOT_JSON', /merge conflict markers/],
    [
      'version 1',
      '{"lockfileVersion":1,"dependencies":{}}',
      'LOCKFILE_VERSION_1',
      /npm install --package-lock-only --lockfile-version 3/,
    ],
    ['a package.json', '{"name":"shop","dependencies":{}}', 'LOCKFILE_WITHOUT_PACKAGES', /no 'packages'/],
    ['no root', '{"lockfileVersion":3,"packages":{}}', 'LOCKFILE_WITHOUT_ROOT', /lack the root/],
    ['no object', '[1]', 'LOCKFILE_INVALID', /not as npm writes it/],
    ['a wrong field', '{"lockfileVersion":3,"packages":{"":{"version":7}}}', 'LOCKFILE_INVALID', /packages.*version/s],
  ])('%s is refused, with what to do', (_what, text, code, message) => {
    expect(() => parseLockfile(text)).toThrow(
      expect.objectContaining({ name: 'LockfileError', code, retryable: false }),
    );
    expect(() => parseLockfile(text)).toThrow(message);
  });

  test('a project without dependencies has no packages', () => {
    const lockfile = aLockfile({});

    expect(lockfile.packages).toEqual([]);
    expect(lockfile.projects).toMatchObject([{ path: '', name: 'shop', version: '2.0.0' }]);
  });

  test('version 2, which has the old tree beside the new, is read by the new', () => {
    const lockfile = parseLockfile(
      '{"lockfileVersion":2,"packages":{"":{},"node_modules/a":{"version":"1.2.3"}},"dependencies":{"a":{"version":"9.9.9"}}}',
    );

    expect(lockfile.packages).toMatchObject([{ name: 'a', version: '1.2.3' }]);
  });

  test.each([
    ['a string', 'MIT', 'MIT'],
    ['an object', { type: 'MIT', url: 'https://mit.example' }, 'MIT'],
    ['several', [{ type: 'MIT' }, { type: 'Apache-2.0' }], 'MIT OR Apache-2.0'],
    ['nothing', undefined, null],
    ['an empty string', ' ', null],
    ['a number', 7, null],
  ])('a licence given as %s is read', (_what, license, licence) => {
    expect(aLockfile({ 'node_modules/a': { license } }).packages[0]?.licence).toBe(licence);
  });

  test('an alias goes by its own name', () => {
    const lockfile = aLockfile({ 'node_modules/old-ms': { name: 'ms' } }, { dependencies: { 'old-ms': 'npm:ms@2' } });

    expect(lockfile.packages).toMatchObject([{ name: 'ms', path: 'node_modules/old-ms' }]);
    expect(edgesOf(lockfile, '')).toEqual({ 'old-ms': 'prod node_modules/old-ms' });
  });
});

describe('resolving dependencies', () => {
  test('the nearest node_modules upwards answers', () => {
    const lockfile = aLockfile({
      'node_modules/@s/a': { dependencies: { b: '1', c: '1', d: '1' } },
      'node_modules/@s/a/node_modules/b': { dependencies: { c: '1' } },
      'node_modules/b': {},
      'node_modules/c': {},
    });

    expect(edgesOf(lockfile, 'node_modules/@s/a')).toEqual({
      b: 'prod node_modules/@s/a/node_modules/b',
      c: 'prod node_modules/c',
      d: 'prod null',
    });
    expect(edgesOf(lockfile, 'node_modules/@s/a/node_modules/b')).toEqual({ c: 'prod node_modules/c' });
  });

  test('a peer is looked for beside the package, not in it', () => {
    const lockfile = aLockfile({
      'node_modules/a': { peerDependencies: { p: '1', q: '1' }, peerDependenciesMeta: { q: { optional: true } } },
      'node_modules/a/node_modules/p': {},
      'node_modules/p': {},
    });

    expect(edgesOf(lockfile, 'node_modules/a')).toEqual({ p: 'peer node_modules/p', q: 'peerOptional null' });
  });

  test('a later kind of the same name replaces an earlier one, as in npm', () => {
    const lockfile = aLockfile({ 'node_modules/a': {} }, { peerDependencies: { a: '1' }, devDependencies: { a: '1' } });

    expect(edgesOf(lockfile, '')).toEqual({ a: 'dev node_modules/a' });
  });

  test('links lead to the folder they stand for, and the root has all workspaces', () => {
    const lockfile = aLockfile(
      {
        'node_modules/web': { resolved: 'packages/web', link: true },
        'packages/web': { name: 'web', dependencies: { a: '1', b: '1' }, devDependencies: { d: '1' } },
        'packages/web/node_modules/a': {},
        'node_modules/a': {},
        'node_modules/b': {},
        'node_modules/d': {},
      },
      { workspaces: ['packages/*'] },
    );

    expect(lockfile.projects.map(({ path }) => path)).toEqual(['', 'packages/web']);
    expect(lockfile.packages).toHaveLength(4);
    expect(edgesOf(lockfile, '')).toEqual({ web: 'workspace packages/web' });
    expect(edgesOf(lockfile, 'packages/web')).toEqual({
      a: 'prod packages/web/node_modules/a',
      b: 'prod node_modules/b',
      d: 'dev node_modules/d',
    });
  });

  test('a link the root asks for by name keeps the kind it asks with', () => {
    const lockfile = aLockfile(
      { 'node_modules/tool': { resolved: 'tools/tool', link: true }, 'tools/tool': { name: 'tool' } },
      { workspaces: ['packages/*'], devDependencies: { tool: 'file:tools/tool' } },
    );

    expect(edgesOf(lockfile, '')).toEqual({ tool: 'dev tools/tool' });
  });
});
