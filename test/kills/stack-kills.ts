import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import { HttpExecutions } from '../../shared/executor/http-executions.ts';
import { type Advance, DEFAULT_ADVANCE } from '../../shared/model/config.ts';
import { readAgreement } from '../support/agreement.ts';
import { allEvents, historyProblems, metricsProblems } from '../support/history-agreement.ts';
import { aLocalStack } from '../support/local-stack.ts';
import { Random } from '../support/random-workflow-source.ts';
import { ROOT } from '../unit/cli/cli-process.ts';
import { specificationProblems } from './killed-run.ts';
import { killWorkload, POOLS } from './workload.ts';

export interface StackKillOptions {
  /** At least so many workers are killed in the middle of an invocation. */
  readonly kills: number;
  readonly seed: number;
  /** Of each workload. */
  readonly nodes: number;
  /** Metrics are read, too, which takes up to a minute more. */
  readonly checksMetrics: boolean;
  /** Default `eager`. */
  readonly advance?: Advance;
}

export interface StackKillFigures {
  readonly seed: number;
  readonly nodes: number;
  readonly kills: number;
  readonly killsByFunction: Readonly<Record<string, number>>;
  readonly executions: number;
  /** That ended with every check passed. */
  readonly completed: number;
  readonly problems: readonly string[];
}

const VICTIMS = ['NodeRunner', 'NodeRunner', 'NodeRunner', 'Scheduler', 'Scheduler', 'Observer'];
/** A message may be delivered five times, then its node fails, as it should: runners of one execution die less often. */
const RUNNER_KILLS = 4;
const MAX_PAUSE_MS = 500;
/** Far more than a delivery takes, on a busy machine, too: only what is killed comes again. */
const VISIBILITY_SECONDS = 6;
/** The observer is behind, by up to a minute with its metrics. */
const OBSERVED_MS = 90_000;

/** Runs workloads on the local stack, one after another, killing its workers at random, until `kills` have been. */
export async function runStackKills({
  kills,
  seed,
  nodes,
  checksMetrics,
  advance = DEFAULT_ADVANCE,
}: StackKillOptions): Promise<StackKillFigures> {
  const { stack } = await aLocalStack({
    handlersEntry: join(ROOT, 'test/support/generic-handlers-entry.ts'),
    pools: POOLS,
    advance,
    visibilityTimeoutSeconds: VISIBILITY_SECONDS,
  });
  await using _ = stack;
  const executions = new HttpExecutions({ ...stack.connection, config: {}, clock: systemClock });
  const random = new Random(seed);
  const killsByFunction: Record<string, number> = {};
  const problems: string[] = [];
  let killed = 0;
  let completed = 0;
  let run = 0;
  for (; killed < kills; run++) {
    const workload = killWorkload(seed + run, nodes);
    const { executionId } = await executions.start(workload);
    const ended = executions.untilAtRest(executionId);
    let runners = 0;
    for (let isOver = false; !isOver; ) {
      isOver = await Promise.race([ended.then(() => true), delay(random.int(20, MAX_PAUSE_MS)).then(() => false)]);
      const victim = random.pick(runners < RUNNER_KILLS ? VICTIMS : VICTIMS.filter((name) => name !== 'NodeRunner'));
      if (isOver || killed >= kills || !stack.killWorker(victim)) continue;
      killsByFunction[victim] = (killsByFunction[victim] ?? 0) + 1;
      if (victim === 'NodeRunner') runners++;
      killed++;
    }
    const look = async () => {
      const results = await allResults(executions, executionId);
      const events = await allEvents(executions, executionId);
      const metrics = checksMetrics ? await executions.metrics(workload.definition.name) : undefined;
      return [
        ...historyProblems(events, results, { isDisturbed: true }),
        ...(metrics === undefined ? [] : metricsProblems(metrics, events, results)),
      ];
    };
    const found = [
      ...specificationProblems(workload, await readAgreement(executions, executionId)),
      ...(await untilNone(look)),
    ];
    if (found.length === 0) completed++;
    problems.push(...found.map((problem) => `execution ${run + 1}: ${problem}`));
  }
  return { seed, nodes, kills: killed, killsByFunction, executions: run, completed, problems };
}

async function untilNone(look: () => Promise<string[]>): Promise<string[]> {
  const untilMs = Date.now() + OBSERVED_MS;
  for (;;) {
    const problems = await look();
    if (problems.length === 0 || Date.now() > untilMs) return problems;
    await delay(1_000);
  }
}
