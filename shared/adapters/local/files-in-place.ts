import { statSync } from 'node:fs';

/** Beside a database: its write-ahead log, the memory its processes share, the lock of its engine. */
const SUFFIXES = ['', '-wal', '-shm', '-lock'] as const;

/**
 * Remembers the files that a database consists of now, for as long as they are open. What is written to a file that was
 * deleted or replaced goes nowhere, and nobody says so.
 */
export class FilesInPlace {
  readonly #known: readonly { readonly path: string; readonly identity: string }[];

  constructor(file: string) {
    this.#known = SUFFIXES.flatMap((suffix) => {
      const path = `${file}${suffix}`;
      const identity = identityOf(path);
      return identity === undefined ? [] : [{ path, identity }];
    });
  }

  /** The first of them that is not where it was; `undefined`: all are. Microseconds. */
  missing(): string | undefined {
    return this.#known.find(({ path, identity }) => identityOf(path) !== identity)?.path;
  }
}

function identityOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}
