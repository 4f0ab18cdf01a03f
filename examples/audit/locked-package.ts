import * as z from 'zod';

/** An entry of `packages`, as npm 7 and later write it. Fields the audit has no use for are dropped. */
export const LockfileEntry = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  link: z.boolean().default(false),
  inBundle: z.boolean().default(false),
  dev: z.boolean().default(false),
  optional: z.boolean().default(false),
  devOptional: z.boolean().default(false),
  peer: z.boolean().default(false),
  extraneous: z.boolean().default(false),
  hasInstallScript: z.boolean().default(false),
  deprecated: z.union([z.string(), z.boolean()]).optional(),
  /** Old packages give an object, or several. */
  license: z.unknown().optional(),
  workspaces: z.unknown().optional(),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
  peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().default(false) })).default({}),
});
export type LockfileEntry = z.infer<typeof LockfileEntry>;

/** An edge of the dependency graph. */
export const Dependency = z.object({
  name: z.string(),
  range: z.string(),
  kind: z.enum(['prod', 'dev', 'optional', 'peer', 'peerOptional', 'workspace']),
  /** The path of the package that answers it; null where the lockfile has none. */
  to: z.string().nullable(),
});
export type Dependency = z.infer<typeof Dependency>;

/** A package, or a project of one's own, at its place in the tree. */
export const LockedPackage = z.object({
  /** Its key in the lockfile: `node_modules/a/node_modules/b`; empty for the root. */
  path: z.string(),
  /** The package's own name, also where it is installed under an alias. */
  name: z.string(),
  version: z.string(),
  licence: z.string().nullable(),
  /** The message; null if it is not deprecated. */
  deprecated: z.string().nullable(),
  hasInstallScript: z.boolean(),
  hasIntegrity: z.boolean(),
  isBundled: z.boolean(),
  resolved: z.string().nullable(),
  flags: z.object({
    dev: z.boolean(),
    optional: z.boolean(),
    devOptional: z.boolean(),
    peer: z.boolean(),
    extraneous: z.boolean(),
  }),
  dependencies: z.array(Dependency),
});
export type LockedPackage = z.infer<typeof LockedPackage>;

export const Lockfile = z.object({
  /** The root first, then workspaces and linked folders: one's own code, whose licences are not audited. */
  projects: z.array(LockedPackage).min(1),
  /** Everything under a `node_modules`, by path. */
  packages: z.array(LockedPackage),
  /** Some entries are links to projects, and stand for no package of their own. */
  hasLinks: z.boolean(),
});
export type Lockfile = z.infer<typeof Lockfile>;

/** Whether it lies in a `node_modules`; if not, it is the root, a workspace or a linked folder. */
export const isInstalled = (path: string): boolean => path.includes('node_modules/');
