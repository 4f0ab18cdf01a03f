import { describe, expect, it } from 'vitest';
import { runApart } from '../bench/local/run-apart.ts';

describe('the local twin runs what is large, in under 500 MB', () => {
  it.each(['chain:10000', 'fan-out:10000', 'layered:10000', 'map:100000/100'])(
    '%s',
    async (workload) => {
      const { wrong, maxRssMb } = await runApart({ kind: 'together', workload, atOnce: 1, perRound: 1, rounds: 0 });

      expect(wrong).toEqual([]);
      expect(maxRssMb).toBeLessThan(500);
    },
    120_000,
  );
});
