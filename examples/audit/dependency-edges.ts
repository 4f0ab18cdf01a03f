import type { Dependency, LockfileEntry } from './locked-package.ts';

type Entries = ReadonlyMap<string, LockfileEntry>;

/**
 * The dependencies of the package at `path`, each with the package that Node would find for it, by name.
 *
 * Follows npm's own tree: a later kind replaces an earlier one of the same name (`peer`, `prod`, `optional`, `dev`),
 * and peers are looked for beside the package, not in it.
 * @see https://github.com/npm/cli/blob/latest/workspaces/arborist/lib/node.js
 */
export function resolveDependencies(path: string, entry: LockfileEntry, entries: Entries): Dependency[] {
  const edges = new Map<string, Dependency>();
  const add = (kind: Dependency['kind'], ranges: Readonly<Record<string, string>>, from: string) => {
    for (const [name, range] of Object.entries(ranges))
      edges.set(name, { name, range, kind, to: findPackage(name, from, entries) });
  };
  const { peerDependencies, peerDependenciesMeta } = entry;
  for (const [name, range] of Object.entries(peerDependencies)) {
    const kind = peerDependenciesMeta[name]?.optional === true ? 'peerOptional' : 'peer';
    add(kind, { [name]: range }, parentFolder(path) ?? path);
  }
  add('prod', entry.dependencies, path);
  add('optional', entry.optionalDependencies, path);
  add('dev', entry.devDependencies, path);
  if (path === '' && entry.workspaces !== undefined) addWorkspaces(edges, entries);
  return [...edges.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** npm links every workspace into the root; the lockfile keeps only the patterns, so the links tell which there are. */
function addWorkspaces(edges: Map<string, Dependency>, entries: Entries): void {
  for (const [path, { link, resolved }] of entries) {
    const name = path.slice('node_modules/'.length);
    if (!link || resolved === undefined || !path.startsWith('node_modules/') || edges.has(name)) continue;
    edges.set(name, { name, range: '*', kind: 'workspace', to: resolved });
  }
}

/** The nearest `node_modules/<name>` from `from` upwards, through links to the folder they stand for. */
function findPackage(name: string, from: string, entries: Entries): string | null {
  for (let folder: string | undefined = from; folder !== undefined; folder = parentFolder(folder)) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    const entry = entries.get(path);
    if (entry !== undefined) return entry.link ? (entry.resolved ?? null) : path;
  }
  return null;
}

/** The folder whose `node_modules` holds `path`, or the one above it; `undefined` above the root. */
function parentFolder(path: string): string | undefined {
  if (path === '') return undefined;
  const modules = path.lastIndexOf('node_modules/');
  if (modules >= 0) return path.slice(0, modules).replace(/\/$/, '');
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}
