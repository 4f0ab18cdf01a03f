import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});

if (values.seed !== undefined) {
  const onTrace = values.trace ? (line: string) => console.log(line) : undefined;
  const report = await simulate(Number(values.seed), { onTrace });
  console.log(JSON.stringify({ ...report, faults: report.faults.length }, undefined, 2));
} else {
  const first = Number(values.from);
  const count = Number(values.seeds ?? 100);
  const startMs = performance.now();
  let steps = 0;
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const report = await simulate(seed);
    steps += report.steps;
    if (report.violations.length > 0) {
      failed++;
      console.log(
        `seed ${seed}: ${report.violations[0]?.slice(0, 300)}  [${report.faults.length} faults, ${report.steps} steps]`,
      );
    }
  }
  const seconds = (performance.now() - startMs) / 1_000;
  console.log(
    `${count} seeds, ${failed} failed, ${steps} steps, ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(1)} seeds/s`,
  );
}
