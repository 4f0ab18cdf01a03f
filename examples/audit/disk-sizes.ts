import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod';

export const DiskSizes = z.discriminatedUnion('isMeasured', [
  z.object({ isMeasured: z.literal(false), reason: z.string() }),
  z.object({
    isMeasured: z.literal(true),
    /** Bytes in the package's files, those of packages nested in it left out, unless no lockfile names them. Only what is installed. */
    packages: z.array(z.object({ path: z.string(), bytes: z.int() })),
  }),
]);
export type DiskSizes = z.infer<typeof DiskSizes>;

/** The folder is not on the machine that ran the node; another try there would not find it either. */
export class FolderNotFoundError extends Error {
  override readonly name = 'FolderNotFoundError';
  readonly retryable = false;
  constructor(folder: string, cause: unknown) {
    super(`There is no folder ${folder}/node_modules on this machine; run npm install there, or give no folder.`, {
      cause,
    });
  }
}

/**
 * Measures the packages installed in `folder`. Sums the lengths of files, not the blocks they take: the same on every disk.
 * @throws {FolderNotFoundError} if there is no `node_modules` in it
 */
export async function measureSizes(
  folder: string | null,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<DiskSizes> {
  if (folder === null) return { isMeasured: false, reason: 'no folder was given' };
  await stat(join(folder, 'node_modules')).catch((cause: unknown) => {
    throw new FolderNotFoundError(folder, cause);
  });
  const locked = new Set(paths.map((path) => join(folder, path)));
  const packages: { path: string; bytes: number }[] = [];
  for (const path of paths) {
    signal.throwIfAborted();
    // A lockfile may come from anyone: it must not have us read outside its own folder.
    if (path.split('/').includes('..')) continue;
    const bytes = await measureFolder(join(folder, path), locked);
    if (bytes !== undefined) packages.push({ path, bytes });
  }
  return { isMeasured: true, packages };
}

/**
 * Bytes in all files below `folder`, but for packages in `locked`, which are measured on their own: what an install script
 * brought counts with the package that has the script. `undefined` if there is no such folder.
 */
async function measureFolder(folder: string, locked: ReadonlySet<string>): Promise<number | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      // npm's own notes: .bin, .package-lock.json.
      if (basename(folder) === 'node_modules' && entry.name.startsWith('.')) return 0;
      const path = join(folder, entry.name);
      if (entry.isFile()) return (await stat(path)).size;
      if (!entry.isDirectory() || locked.has(path)) return 0;
      return (await measureFolder(path, locked)) ?? 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
