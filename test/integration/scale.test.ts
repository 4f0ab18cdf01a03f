import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const WORKLOAD = join(import.meta.dirname, '../bench/run-workload.ts');

/** In a process of its own, so that its peak memory is its own. */
async function runWorkload(shape: string, size: number): Promise<{ isRight: boolean; maxRssMb: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [WORKLOAD, shape, String(size), '0']);
  return JSON.parse(stdout);
}

describe('the local twin runs what is large, in under 500 MB', () => {
  it.each([
    ['chain', 10_000],
    ['fan-out', 10_000],
    ['layered', 10_000],
    ['map', 100_000],
  ])(
    'a %s of %d',
    async (shape, size) => {
      const { isRight, maxRssMb } = await runWorkload(shape, size);

      expect(isRight).toBe(true);
      expect(maxRssMb).toBeLessThan(500);
    },
    120_000,
  );
});
