import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A filesystem of its own, in memory: it may be full, or read-only. Dispose of it to unmount it. */
export class SmallDisk implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'fanjoin-disk-'));

  /** @throws where this user may not mount */
  constructor(size: string) {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'fanjoin-test', this.directory], { stdio: 'pipe' });
    } catch (error) {
      rmdirSync(this.directory);
      throw error;
    }
  }

  /** @throws while a file is open for writing, if it is to be read-only */
  remount(options: string): void {
    execFileSync('mount', ['-o', `remount,${options}`, this.directory], { stdio: 'pipe' });
  }

  [Symbol.dispose](): void {
    // Lazily: a process that a failed test has left may still hold a file.
    execFileSync('umount', ['--lazy', this.directory]);
    rmdirSync(this.directory);
  }
}

/** Whether small disks can be had here, which takes root on Linux. Says so if not: what needs them is skipped, in CI too. */
export function canMount(): boolean {
  try {
    new SmallDisk('64k')[Symbol.dispose]();
    return true;
  } catch {
    console.warn('Tests on full and read-only disks are skipped: they mount a tmpfs, which takes root on Linux.');
    return false;
  }
}
