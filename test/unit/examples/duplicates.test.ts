import { expect, test } from 'vitest';
import { findDuplicates } from '../../../examples/audit/duplicates.ts';
import { aLockfile } from './audit-fixtures.ts';

test('a package in two versions is told with who asks for each', () => {
  const lockfile = aLockfile(
    {
      'node_modules/a': { dependencies: { ms: '^2' } },
      'node_modules/b': { dependencies: { ms: '^1' } },
      'node_modules/b/node_modules/ms': { version: '1.0.0' },
      'node_modules/ms': { version: '2.0.0' },
    },
    { dependencies: { a: '1', b: '1', ms: '2.0.0' } },
  );

  expect(findDuplicates(lockfile)).toEqual([
    {
      name: 'ms',
      versions: [
        {
          version: '1.0.0',
          paths: ['node_modules/b/node_modules/ms'],
          askedBy: [{ path: 'node_modules/b', name: 'b', range: '^1' }],
        },
        {
          version: '2.0.0',
          paths: ['node_modules/ms'],
          askedBy: [
            { path: '', name: 'shop', range: '2.0.0' },
            { path: 'node_modules/a', name: 'a', range: '^2' },
          ],
        },
      ],
    },
  ]);
});

test('several copies of one version are no duplicate', () => {
  const lockfile = aLockfile({ 'node_modules/ms': {}, 'node_modules/a': {}, 'node_modules/a/node_modules/ms': {} });

  expect(findDuplicates(lockfile)).toEqual([]);
});

test('an alias counts under its own name', () => {
  const lockfile = aLockfile({
    'node_modules/ms': { version: '2.0.0' },
    'node_modules/old-ms': { name: 'ms', version: '1.0.0' },
  });

  expect(findDuplicates(lockfile).map(({ name, versions }) => [name, versions.length])).toEqual([['ms', 2]]);
});
