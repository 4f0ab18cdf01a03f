import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../shared/nodes/define-node.ts';
import { chain, fanOut, HANDLER, layered, map } from './shapes.ts';

/**
 * Runs one workload on the local twin, over a file, and prints a line of JSON: times of the repetitions, the process's
 * largest memory, whether all was right. `node test/bench/run-workload.ts SHAPE SIZE [REPETITIONS]`
 */
const Arguments = z.tuple([
  z.enum(['chain', 'fan-out', 'layered', 'map']),
  z.coerce.number(),
  z.coerce.number().default(1),
]);
const [shape, size, repetitions] = Arguments.parse([process.argv[2], process.argv[3], process.argv[4]]);

const definition = { chain, 'fan-out': fanOut, layered, map }[shape](size);
const input = shape === 'map' ? Array.from({ length: size }, (_, index) => ({ index })) : 'x';
const folder = await mkdtemp(join(tmpdir(), 'fanjoin-bench-'));
try {
  const echo = defineNode({ type: HANDLER, execute: (value: unknown) => value });
  await using executor = new WorkflowExecutor({ database: join(folder, 'bench.db'), handlers: [echo] });
  const milliseconds: number[] = [];
  let isRight = true;
  // The first time is for the compiler alone.
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    const startedMs = performance.now();
    const result = await executor.execute(definition, input);
    const tookMs = performance.now() - startedMs;
    if (repetition > 0 || repetitions === 0) milliseconds.push(tookMs);
    isRight &&= shape === 'map' ? isEcho(result.output) : result.success && result.nodeExecutionOrder.length === size;
  }
  console.log(
    JSON.stringify({ shape, size, milliseconds, isRight, maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024) }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

function isEcho(output: unknown): boolean {
  return Array.isArray(output) && output.length === size && output.every((item, index) => item.index === index);
}
