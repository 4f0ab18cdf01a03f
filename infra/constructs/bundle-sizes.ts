import { basename } from 'node:path';
import type { Metafile } from 'esbuild';
import { type FunctionFolder, HANDLERS_FILE } from './function-bundles.ts';

export interface BundleSizes {
  /** Bytes that load when the function starts; the application's handlers left out, here and below. */
  readonly atOnce: number;
  /** Those, and what it may load later. */
  readonly total: number;
  /** Of the application's handlers; 0 where there are none. */
  readonly handlers: number;
  /** Of the SDK, by name: `dynamodb`. */
  readonly clients: readonly string[];
}

/** What one function's bundle weighs, and which clients of the SDK are in it. */
export function bundleSizes({ outputs }: Metafile, folder: FunctionFolder): BundleSizes {
  const files = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]));
  const reach = (kinds: ReadonlySet<string>, entry: string, isFollowed: (file: string) => boolean): Set<string> => {
    const reached = new Set([entry]);
    for (const file of reached)
      for (const { path, kind } of files.get(file)?.imports ?? [])
        if (kinds.has(kind) && files.has(basename(path)) && isFollowed(basename(path))) reached.add(basename(path));
    return reached;
  };
  const entry = `${folder}.mjs`;
  const isOurs = (file: string): boolean => file !== HANDLERS_FILE;
  const own = reach(ANY_IMPORT, entry, isOurs);
  const all = reach(ANY_IMPORT, entry, () => true);
  const bytesOf = (names: Iterable<string>) => [...names].reduce((sum, name) => sum + (files.get(name)?.bytes ?? 0), 0);
  const inputs = [...own].flatMap((file) => Object.entries(files.get(file)?.inputs ?? {}));
  const clients = inputs.flatMap(([path, { bytesInOutput }]) => {
    const name = /@aws-sdk\/client-([\w-]+)\//.exec(path)?.[1];
    return name === undefined || bytesInOutput === 0 ? [] : [name];
  });
  return {
    atOnce: bytesOf(reach(STATIC_IMPORT, entry, isOurs)),
    total: bytesOf(own),
    handlers: bytesOf([...all].filter((file) => !own.has(file))),
    clients: [...new Set(clients)].toSorted(),
  };
}

const STATIC_IMPORT = new Set(['import-statement']);
const ANY_IMPORT = new Set(['import-statement', 'dynamic-import']);
