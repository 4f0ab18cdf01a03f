import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LockedPackage, Lockfile } from '../../../examples/audit/locked-package.ts';
import { parseLockfile } from '../../../examples/audit/lockfile.ts';
import { computeReach } from '../../../examples/audit/reach.ts';
import { aLockfile } from './audit-fixtures.ts';

const reachOf = (lockfile: Lockfile) =>
  Object.fromEntries(
    computeReach(lockfile).packages.map(({ path, reach }) => [path.replace('node_modules/', ''), reach]),
  );

describe('reach', () => {
  test('a package is for development, or optional, if every way to it is', () => {
    const lockfile = aLockfile(
      {
        'node_modules/p': { dependencies: { shared: '1' }, optionalDependencies: { o: '1' } },
        'node_modules/d': { dependencies: { shared: '1', dd: '1', o: '1' }, optionalDependencies: { dopt: '1' } },
        'node_modules/dd': {},
        'node_modules/shared': {},
        'node_modules/o': {},
        'node_modules/oo': {},
        'node_modules/dopt': {},
        'node_modules/stray': {},
      },
      { dependencies: { p: '1' }, devDependencies: { d: '1' }, optionalDependencies: { oo: '1' } },
    );

    expect(reachOf(lockfile)).toEqual({
      p: 'production',
      d: 'development',
      dd: 'development',
      shared: 'production',
      // Required for development, optional in production: npm's devOptional.
      o: 'both',
      oo: 'optional',
      dopt: 'development, optional',
      stray: 'unreached',
    });
  });

  test('why gives a shortest chain, by production where there is one', () => {
    const lockfile = aLockfile(
      {
        'node_modules/p': { dependencies: { q: '1' } },
        'node_modules/q': { dependencies: { x: '1' } },
        'node_modules/x': {},
        'node_modules/d': { dependencies: { x: '1' } },
      },
      { dependencies: { p: '1' }, devDependencies: { d: '1' } },
    );

    expect(computeReach(lockfile).packages.find(({ path }) => path === 'node_modules/x')?.why).toEqual(['p', 'q', 'x']);
  });

  test('what is only asked for as a peer is marked', () => {
    const lockfile = aLockfile(
      {
        'node_modules/a': { peerDependencies: { p: '1' } },
        'node_modules/p': { dependencies: { q: '1' } },
        'node_modules/q': {},
      },
      { dependencies: { a: '1' } },
    );

    expect(computeReach(lockfile).packages.map(({ isPeerOnly }) => isPeerOnly)).toEqual([false, true, true]);
  });

  test('a required package that the lockfile lacks is missing, an optional one is not', () => {
    const lockfile = aLockfile(
      {
        'node_modules/a': {
          dependencies: { gone: '^1' },
          optionalDependencies: { maybe: '1' },
          peerDependencies: { peer: '2' },
        },
      },
      { dependencies: { a: '1' } },
    );

    expect(computeReach(lockfile).missing).toEqual([
      { from: 'node_modules/a', name: 'gone', range: '^1', isPeer: false },
      { from: 'node_modules/a', name: 'peer', range: '2', isPeer: true },
    ]);
  });

  test('a flag that the graph contradicts is told', () => {
    const lockfile = aLockfile(
      { 'node_modules/a': { dev: true }, 'node_modules/b': {} },
      { dependencies: { a: '1', b: '1' } },
    );

    expect(computeReach(lockfile).packages.map(({ agreesWithFlags }) => agreesWithFlags)).toEqual([false, true]);
  });

  test("agrees with every flag npm wrote into this repository's lockfile", () => {
    const lockfile = parseLockfile(readFileSync(join(import.meta.dirname, '../../../package-lock.json'), 'utf8'));

    const { packages, missing } = computeReach(lockfile);

    expect(packages.filter(({ agreesWithFlags }) => !agreesWithFlags)).toEqual([]);
    expect(packages.filter(({ isPeerOnly }) => isPeerOnly).map(({ path }) => path)).toEqual(
      lockfile.packages.filter(({ flags }) => flags.peer).map(({ path }) => path),
    );
    expect(missing.filter(({ isPeer }) => !isPeer)).toEqual([]);
  });

  test('agrees with flags unset along every edge until nothing changes, as npm computes them, on any graph', () => {
    fc.assert(
      fc.property(aGraph, (lockfile) => {
        const expected = flagsByPropagation(lockfile);

        const reached = computeReach({
          ...lockfile,
          packages: lockfile.packages.map((locked) => ({
            ...locked,
            flags: expected.get(locked.path) ?? locked.flags,
          })),
        });

        expect(reached.packages.filter(({ agreesWithFlags }) => !agreesWithFlags)).toEqual([]);
      }),
    );
  });
});

/** npm's way: all flags are set at first; an edge clears on its target what neither it nor its source has. */
function flagsByPropagation({ projects, packages }: Lockfile): Map<string, LockedPackage['flags']> {
  const all = () => ({ dev: true, optional: true, devOptional: true, peer: true, extraneous: true });
  const none = { dev: false, optional: false, devOptional: false, peer: false, extraneous: false };
  const flags = new Map([
    ...packages.map(({ path }): [string, LockedPackage['flags']] => [path, all()]),
    ...projects.map(({ path }): [string, LockedPackage['flags']] => [path, none]),
  ]);
  for (let hasChanged = true; hasChanged; ) {
    hasChanged = false;
    for (const { path, dependencies } of [...projects, ...packages]) {
      const from = flags.get(path);
      if (from === undefined || from.extraneous) continue;
      for (const { to, kind } of dependencies) {
        const target = to === null ? undefined : flags.get(to);
        if (to === null || target === undefined) continue;
        const dev = kind === 'dev';
        const optional = kind === 'optional' || kind === 'peerOptional';
        const next = {
          extraneous: false,
          dev: target.dev && (from.dev || dev),
          optional: target.optional && (from.optional || optional),
          devOptional: target.devOptional && (from.devOptional || dev || optional),
          peer: target.peer && (from.peer || kind === 'peer' || kind === 'peerOptional'),
        };
        if (JSON.stringify(next) !== JSON.stringify({ ...next, ...target })) hasChanged = true;
        flags.set(to, next);
      }
    }
  }
  return new Map(
    [...flags].map(([path, { dev, optional, devOptional, peer, extraneous }]) => [
      path,
      // An unreached package keeps only the one flag; the others say nothing of it.
      extraneous
        ? { ...none, extraneous }
        : { dev, optional, devOptional: devOptional && !dev && !optional, peer, extraneous },
    ]),
  );
}

const SIZE = 8;
const pathOf = (node: number) => (node === 0 ? '' : `node_modules/p${node}`);
const aGraph: fc.Arbitrary<Lockfile> = fc
  .array(
    fc.record({
      from: fc.nat(SIZE - 1),
      to: fc.integer({ min: 1, max: SIZE - 1 }),
      kind: fc.constantFrom('prod', 'optional', 'peer', 'peerOptional', 'dev'),
    }),
    { maxLength: 24 },
  )
  .map((edges) => {
    const bag = (from: number, ...kinds: string[]) =>
      Object.fromEntries(
        edges.filter((edge) => edge.from === from && kinds.includes(edge.kind)).map(({ to }) => [`p${to}`, '1']),
      );
    const entry = (from: number) => ({
      dependencies: bag(from, 'prod'),
      optionalDependencies: bag(from, 'optional'),
      peerDependencies: bag(from, 'peer', 'peerOptional'),
      peerDependenciesMeta: Object.fromEntries(
        Object.keys(bag(from, 'peerOptional')).map((name) => [name, { optional: true }]),
      ),
      // Only one's own projects have these.
      ...(from === 0 && { devDependencies: bag(0, 'dev') }),
    });
    const nodes = Array.from({ length: SIZE - 1 }, (_, at) => at + 1);
    return aLockfile(Object.fromEntries(nodes.map((node) => [pathOf(node), entry(node)])), entry(0));
  });
