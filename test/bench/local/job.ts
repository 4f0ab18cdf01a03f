import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { Advance, DEFAULT_ADVANCE } from '../../../shared/model/config.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { handlers, timedHandlers } from '../handlers.ts';
import { CommitFloor } from '../measure/commit-floor.ts';
import { criticalPathMs, type HandlerTime, orderViolations } from '../measure/critical-path.ts';
import { runClosedLoop, runOpenLoop } from '../measure/open-loop.ts';
import { type Workload, workload } from '../workloads.ts';
import { measureCore } from './core-job.ts';

const common = { advance: Advance.default(DEFAULT_ADVANCE) };

/** What a process of its own measures, on the local twin over a file, and how often. */
export const Job = z.discriminatedUnion('kind', [
  /** One execution after another, and after each the floor. */
  z.object({ ...common, kind: z.literal('alone'), workload: z.string(), warmUps: z.int(), runs: z.int() }),
  /** In each round `perRound` executions, `atOnce` at any time. */
  z.object({
    ...common,
    kind: z.literal('together'),
    workload: z.string(),
    atOnce: z.int(),
    perRound: z.int(),
    rounds: z.int(),
  }),
  /** At a fixed rate. */
  z.object({ ...common, kind: z.literal('open'), workload: z.string(), ratePerSecond: z.number(), count: z.int() }),
  /** The engine with nothing to do, after so many executions. */
  z.object({ ...common, kind: z.literal('idle'), executions: z.int().default(1) }),
  /** Executions that wait in their first node. */
  z.object({ ...common, kind: z.literal('waiting'), executions: z.int() }),
  /** Compiling a layered graph, and deciding on all of it, without any shell. */
  z.object({ kind: z.literal('core'), nodes: z.int(), runs: z.int() }),
]);
export type Job = z.infer<typeof Job>;
export type JobInput = z.input<typeof Job>;

/** Samples by what was measured, in the unit that its name says. */
export const Outcome = z.object({
  samples: z.record(z.string(), z.array(z.number())),
  /** The process's largest memory. */
  maxRssMb: z.number(),
  /** Wrong results, starts before a parent's end: each in a sentence. */
  wrong: z.array(z.string()),
});
export type Outcome = z.infer<typeof Outcome>;

/** @throws {WorkloadError | InstanceError} */
export async function runJob(job: Job): Promise<Outcome> {
  if (job.kind === 'core') return { samples: measureCore(job), maxRssMb: maxRssMb(), wrong: [] };
  const folder = await mkdtemp(join(tmpdir(), 'fanjoin-bench-'));
  try {
    const database = join(folder, 'bench.db');
    const measured = await measure(job, database);
    return { ...measured, maxRssMb: maxRssMb() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Measured = Omit<Outcome, 'maxRssMb'>;

function measure(job: Exclude<Job, { kind: 'core' }>, database: string): Promise<Measured> {
  switch (job.kind) {
    case 'alone':
      return measureAlone(job, database);
    case 'together':
      return measureTogether(job, database);
    case 'open':
      return measureOpen(job, database);
    case 'idle':
      return measureIdle(job, database);
    case 'waiting':
      return measureWaiting(job, database);
  }
}

async function measureAlone(job: Extract<Job, { kind: 'alone' }>, database: string): Promise<Measured> {
  const asked = workload(job.workload);
  const times = new Map<string, HandlerTime>();
  const onTime = ({ nodeId }: { nodeId: string }, time: HandlerTime) => void times.set(nodeId, time);
  await using executor = new WorkflowExecutor({ database, advance: job.advance, handlers: timedHandlers(onTime) });
  using floor = new CommitFloor(`${database}-floor`);
  const samples = {
    latencyMs: [] as number[],
    criticalPathMs: [] as number[],
    overheadMs: [] as number[],
    usPerUnit: [] as number[],
    floorMs: [] as number[],
  };
  const wrong = new Set<string>();
  let bytesPerCommit = 0;
  for (let run = -job.warmUps; run < job.runs; run++) {
    times.clear();
    const startedMs = performance.now();
    const result = await executor.execute(asked.definition, asked.input);
    const tookMs = performance.now() - startedMs;
    if (!asked.isRight(result)) wrong.add(`${asked.name} ended ${result.status} with a wrong result`);
    for (const violation of orderViolations(asked.graph, times)) wrong.add(violation);
    if (bytesPerCommit === 0) bytesPerCommit = bytesWritten(database, result.executionId) / asked.commits;
    const floorMs = floor.measureMs({ commits: asked.commits, bytesPerCommit });
    if (run < 0) continue;
    samples.latencyMs.push(tookMs);
    samples.usPerUnit.push((tookMs * 1_000) / asked.units);
    const pathMs = criticalPathMs(asked.graph, times);
    samples.criticalPathMs.push(pathMs);
    samples.overheadMs.push(tookMs - pathMs);
    samples.floorMs.push(floorMs);
  }
  return { samples, wrong: [...wrong] };
}

/** What an execution's items come to, but for its history, which nobody waits for. */
function bytesWritten(database: string, executionId: string): number {
  const reader = new DatabaseSync(database, { readOnly: true });
  try {
    const sum = "SELECT sum(length(item)) AS bytes FROM items WHERE pk = ? AND sk NOT LIKE 'EVENT#%'";
    return Number(reader.prepare(sum).get(`EXEC#${executionId}`)?.bytes);
  } finally {
    reader.close();
  }
}

async function measureTogether(job: Extract<Job, { kind: 'together' }>, database: string): Promise<Measured> {
  const asked = workload(job.workload);
  await using executor = new WorkflowExecutor({ database, advance: job.advance, handlers });
  const wrong = new Set<string>();
  const perSecond: number[] = [];
  for (let round = -1; round < job.rounds; round++) {
    const tookMs = await runClosedLoop(job.perRound, job.atOnce, () => runOne(executor, asked, wrong));
    if (round >= 0) perSecond.push((job.perRound * 1_000) / tookMs);
  }
  return { samples: { perSecond }, wrong: [...wrong] };
}

async function measureOpen(job: Extract<Job, { kind: 'open' }>, database: string): Promise<Measured> {
  const asked = workload(job.workload);
  await using executor = new WorkflowExecutor({ database, advance: job.advance, handlers });
  const wrong = new Set<string>();
  const run = () => runOne(executor, asked, wrong);
  await runClosedLoop(WARM_UPS, 8, run);
  const { latenciesMs, tookMs } = await runOpenLoop({ ratePerSecond: job.ratePerSecond, count: job.count, run });
  return {
    samples: { latencyMs: [...latenciesMs], perSecond: [(job.count * 1_000) / tookMs] },
    wrong: [...wrong],
  };
}

async function runOne(executor: WorkflowExecutor, asked: Workload, wrong: Set<string>): Promise<void> {
  const result = await executor.execute(asked.definition, asked.input);
  if (!asked.isRight(result)) wrong.add(`${asked.name} ended ${result.status} with a wrong result`);
}

const WARM_UPS = 200;
const SETTLE_MS = 1_500;

async function measureIdle(job: Extract<Job, { kind: 'idle' }>, database: string): Promise<Measured> {
  const wrong = new Set<string>();
  await using executor = new WorkflowExecutor({ database, advance: job.advance, handlers });
  const asked = workload('chain:10');
  await runClosedLoop(job.executions, 32, () => runOne(executor, asked, wrong));
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { samples: { rssMb: [process.memoryUsage.rss() / MB] }, wrong: [...wrong] };
}

/** Their handlers sleep until the engine is closed. */
async function measureWaiting(job: Extract<Job, { kind: 'waiting' }>, database: string): Promise<Measured> {
  const { promise: until, resolve: wake } = Promise.withResolvers<void>();
  const held = defineNode({ type: 'bench.held', execute: () => until });
  await using executor = new WorkflowExecutor({ database, advance: job.advance, handlers: [held] });
  const definition = {
    name: 'waiting',
    config: { timeoutSeconds: 86_400 },
    nodes: { first: { handler: 'bench.held' }, second: { handler: 'bench.held', dependsOn: ['first'] } },
  };
  await executor.start(definition, null);
  const before = process.memoryUsage.rss();
  const startedMs = performance.now();
  await runClosedLoop(job.executions, 256, () => executor.start(definition, null));
  const tookMs = performance.now() - startedMs;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const rss = process.memoryUsage.rss();
  wake();
  return {
    samples: {
      rssMb: [rss / MB],
      kbPerExecution: [(rss - before) / 1_024 / job.executions],
      startsPerSecond: [(job.executions * 1_000) / tookMs],
    },
    wrong: [],
  };
}

const MB = 1_048_576;
const maxRssMb = (): number => Math.round(process.resourceUsage().maxRSS / 1_024);
