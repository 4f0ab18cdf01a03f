import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';

/** `npm run bench`: time and memory per node as graphs grow, on the local twin, each in a process of its own. */
const Report = z.object({
  shape: z.string(),
  size: z.number(),
  milliseconds: z.array(z.number()),
  isRight: z.boolean(),
  maxRssMb: z.number(),
});

const WORKLOADS = [
  ...['chain', 'fan-out', 'layered'].flatMap((shape) => [
    { shape, size: 100, repetitions: 30 },
    { shape, size: 1_000, repetitions: 7 },
    { shape, size: 10_000, repetitions: 3 },
  ]),
  { shape: 'map', size: 1_000, repetitions: 7 },
  { shape: 'map', size: 100_000, repetitions: 3 },
];

console.log('shape      size     µs/node (median)  spread          of size 100   peak memory');
const first = new Map<string, number>();
for (const { shape, size, repetitions } of WORKLOADS) {
  const { milliseconds, isRight, maxRssMb } = await run(shape, size, repetitions);
  const perNode = milliseconds.map((time) => (time * 1_000) / size).sort((a, b) => a - b);
  const median = perNode[Math.floor(perNode.length / 2)] ?? Number.NaN;
  if (!first.has(shape)) first.set(shape, median);
  console.log(
    [
      shape.padEnd(10),
      String(size).padEnd(8),
      median.toFixed(1).padEnd(17),
      `${perNode.at(0)?.toFixed(1)}–${perNode.at(-1)?.toFixed(1)}`.padEnd(15),
      (median / (first.get(shape) ?? median)).toFixed(2).padEnd(13),
      `${maxRssMb} MB`,
      isRight ? '' : 'WRONG RESULT',
    ].join(' '),
  );
  if (!isRight) process.exitCode = 1;
}

function run(shape: string, size: number, repetitions: number): Promise<z.infer<typeof Report>> {
  return new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, 'run-workload.ts');
    execFile(process.execPath, [script, shape, String(size), String(repetitions)], (error, stdout, stderr) => {
      if (error === null) resolve(Report.parse(JSON.parse(stdout)));
      else reject(new Error(`${shape} ${size} failed: ${stderr}`, { cause: error }));
    });
  });
}
