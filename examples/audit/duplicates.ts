import * as z from 'zod';
import type { Lockfile } from './locked-package.ts';

export const Duplicate = z.object({
  name: z.string(),
  versions: z.array(
    z.object({
      version: z.string(),
      paths: z.array(z.string()),
      /** The packages that got this version, and what they asked for. */
      askedBy: z.array(z.object({ path: z.string(), name: z.string(), range: z.string() })),
    }),
  ),
});
export type Duplicate = z.infer<typeof Duplicate>;

/** Packages that are there in more than one version, with who asks for each; by name, then version. */
export function findDuplicates({ projects, packages }: Lockfile): Duplicate[] {
  const askers = groupBy(
    [...projects, ...packages].flatMap(({ path, name, dependencies }) =>
      dependencies.map(({ to, range }) => ({ to, path, name, range })),
    ),
    ({ to }) => to ?? '',
  );
  return [...groupBy(packages, ({ name }) => name)]
    .map(([name, copies]) => ({ name, versions: [...groupBy(copies, ({ version }) => version)].sort(byKey) }))
    .filter(({ versions }) => versions.length > 1)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, versions }) => ({
      name,
      versions: versions.map(([version, copies]) => ({
        version,
        paths: copies.map(({ path }) => path),
        askedBy: copies.flatMap((copy) =>
          (askers.get(copy.path) ?? []).map(({ path, name, range }) => ({ path, name, range })),
        ),
      })),
    }));
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

function groupBy<T>(members: readonly T[], key: (member: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const member of members) {
    const group = groups.get(key(member));
    if (group === undefined) groups.set(key(member), [member]);
    else group.push(member);
  }
  return groups;
}
