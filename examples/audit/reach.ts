import * as z from 'zod';
import type { Dependency, LockedPackage, Lockfile } from './locked-package.ts';

/**
 * How a package comes to be installed, in the lockfile's own terms: `development` is its `dev`, and so on.
 * `both` is its `devOptional`: there for development, and optional in production.
 */
export const Reach = z.enum(['production', 'optional', 'both', 'development', 'development, optional', 'unreached']);
export type Reach = z.infer<typeof Reach>;

export const PackageReach = z.object({
  path: z.string(),
  reach: Reach,
  /** Every way to it asks for it as a peer somewhere. */
  isPeerOnly: z.boolean(),
  /** A shortest chain of names from the root (left out) to it; empty if it is unreached. */
  why: z.array(z.string()),
  /** What the lockfile says of it is what walking the graph says. */
  agreesWithFlags: z.boolean(),
});
export type PackageReach = z.infer<typeof PackageReach>;

export const ReachReport = z.object({
  packages: z.array(PackageReach),
  /** Required, and not in the lockfile. */
  missing: z.array(z.object({ from: z.string(), name: z.string(), range: z.string(), isPeer: z.boolean() })),
});
export type ReachReport = z.infer<typeof ReachReport>;

/** Whether `npm install --omit=dev` installs it. */
export const shipsToProduction = (reach: Reach): boolean =>
  reach === 'production' || reach === 'optional' || reach === 'both';

/**
 * Walks the dependency graph from the root, once for each kind of edge left out: a package is for development only
 * if every way to it has a `dev` edge, optional if every way has an optional one, and so on.
 */
export function computeReach({ projects, packages }: Lockfile): ReachReport {
  const byPath = new Map([...projects, ...packages].map((locked) => [locked.path, locked]));
  const walks: Walks = {
    any: walk(byPath, () => true),
    withoutDev: walk(byPath, (edge) => !isDev(edge)),
    withoutOptional: walk(byPath, (edge) => !isOptional(edge)),
    withoutPeer: walk(byPath, (edge) => !isPeer(edge)),
    plain: walk(byPath, (edge) => !isDev(edge) && !isOptional(edge)),
  };
  return {
    packages: packages.map((locked) => describeReach(locked, walks)),
    missing: [...byPath.values()].flatMap(({ path, dependencies }) =>
      dependencies
        .filter((edge) => edge.to === null && !isOptional(edge))
        .map((edge) => ({ from: path, name: edge.name, range: edge.range, isPeer: isPeer(edge) })),
    ),
  };
}

type Walks = Readonly<
  Record<'any' | 'withoutDev' | 'withoutOptional' | 'withoutPeer' | 'plain', ReadonlyMap<string, readonly string[]>>
>;

const isDev = ({ kind }: Dependency) => kind === 'dev';
const isOptional = ({ kind }: Dependency) => kind === 'optional' || kind === 'peerOptional';
const isPeer = ({ kind }: Dependency) => kind === 'peer' || kind === 'peerOptional';

/** Breadth first, so that the chain kept for each path is a shortest one; edges are in order of name. */
function walk(
  byPath: ReadonlyMap<string, LockedPackage>,
  follows: (edge: Dependency) => boolean,
): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>([['', []]]);
  for (const [path, chain] of chains) {
    for (const edge of byPath.get(path)?.dependencies ?? []) {
      if (edge.to === null || !follows(edge) || chains.has(edge.to)) continue;
      const target = byPath.get(edge.to);
      if (target !== undefined) chains.set(edge.to, [...chain, target.name]);
    }
  }
  return chains;
}

function describeReach({ path, flags }: LockedPackage, walks: Walks): PackageReach {
  const reach = reachOf(path, walks);
  const expected = expectedFlags(reach);
  const nearest =
    walks.plain.get(path) ?? walks.withoutDev.get(path) ?? walks.withoutOptional.get(path) ?? walks.any.get(path);
  return {
    path,
    reach,
    isPeerOnly: walks.any.has(path) && !walks.withoutPeer.has(path),
    why: [...(nearest ?? [])],
    agreesWithFlags:
      flags.dev === expected.dev &&
      flags.optional === expected.optional &&
      flags.devOptional === expected.devOptional &&
      flags.extraneous === expected.extraneous,
  };
}

function reachOf(path: string, walks: Walks): Reach {
  if (!walks.any.has(path)) return 'unreached';
  if (walks.plain.has(path)) return 'production';
  const isForDevelopment = !walks.withoutDev.has(path);
  const isOptionalOnly = !walks.withoutOptional.has(path);
  if (isForDevelopment) return isOptionalOnly ? 'development, optional' : 'development';
  return isOptionalOnly ? 'optional' : 'both';
}

/** npm leaves `devOptional` out where `dev` or `optional` says it already. */
const expectedFlags = (reach: Reach) => ({
  dev: reach === 'development' || reach === 'development, optional',
  optional: reach === 'optional' || reach === 'development, optional',
  devOptional: reach === 'both',
  extraneous: reach === 'unreached',
});
