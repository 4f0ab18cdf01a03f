import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { LocalClient } from '../../shared/executor/local-client.ts';
import { type Advance, DEFAULT_ADVANCE } from '../../shared/model/config.ts';
import { Definition } from '../../shared/model/definition.ts';
import { readAgreement } from '../support/agreement.ts';
import type { AgreementResult } from '../support/oracle.ts';
import { parentsOf } from '../support/oracle-graph.ts';
import type { RandomWorkflow } from '../support/random-workflow-parts.ts';
import { Random } from '../support/random-workflow-source.ts';
import {
  type KilledJob,
  KilledRun,
  type KilledRunReport,
  type Reference,
  specificationProblems,
} from './killed-run.ts';
import { RunnerChild } from './runner-child.ts';
import { readLog } from './standing.ts';
import { killWorkload } from './workload.ts';

export interface KillOptions {
  /** At least so many processes are killed. */
  readonly kills: number;
  readonly seed: number;
  /** Of each workload. */
  readonly nodes: number;
  /** Different workflows, one after another. Default 4. */
  readonly workloads?: number;
  /** Default `eager`. */
  readonly advance?: Advance;
}

/** The figures of many killed runs. */
export interface KillFigures {
  readonly seed: number;
  readonly nodes: number;
  readonly kills: number;
  /** By how far the process was: still loading, opening, taking up, running, or closing. */
  readonly killsByPhase: Readonly<Record<string, number>>;
  readonly executions: number;
  /** That ended with every check passed. */
  readonly completed: number;
  readonly resultsSeen: number;
  readonly resultsLost: number;
  readonly resultsChanged: number;
  readonly countedTwice: number;
  readonly repeatedCalls: number;
  readonly problems: readonly string[];
}

/** Kills of one execution, at the most: an execution that is killed more seldom is one more that must end. */
const MAX_KILLS = 8;

/** Runs executions one after another, killing their processes, until `kills` have been. */
export async function runKills(options: KillOptions, tell: (line: string) => void = () => {}): Promise<KillFigures> {
  const { kills, seed, nodes, workloads = 4, advance = DEFAULT_ADVANCE } = options;
  const random = new Random(seed);
  const references: Reference[] = [];
  const reports: KilledRunReport[] = [];
  let killed = 0;
  for (let run = 0; killed < kills; run++) {
    const workload = seed + (run % workloads);
    const reference = references[run % workloads] ?? (await runUndisturbed({ seed: workload, nodes, advance }));
    references[run % workloads] = reference;
    const report = await new KilledRun({ seed: workload, nodes, advance }, random, reference).run(
      Math.min(random.int(1, MAX_KILLS), kills - killed),
    );
    reports.push(report);
    killed = sumOf(reports.flatMap((one) => Object.values(one.kills)));
    tell(`execution ${run + 1}: ${JSON.stringify(report.kills)}, ${killed} kills, ${report.problems.length} problems`);
  }
  return {
    seed,
    nodes,
    kills: killed,
    killsByPhase: phasesOf(reports),
    executions: reports.length,
    completed: reports.filter(({ problems }) => problems.length === 0).length,
    resultsSeen: sumOf(reports.map(({ resultsSeen }) => resultsSeen)),
    resultsLost: sumOf(reports.map(({ lost }) => lost.length)),
    resultsChanged: sumOf(reports.map(({ changed }) => changed.length)),
    countedTwice: sumOf(reports.map(({ countedTwice }) => countedTwice.length)),
    repeatedCalls: sumOf(reports.map(({ repeatedCalls }) => repeatedCalls)),
    problems: reports.flatMap(({ problems }, run) => problems.map((problem) => `execution ${run + 1}: ${problem}`)),
  };
}

/** Runs a workload to its end, in a process of its own. @throws if it does not end as the specification says */
export async function runUndisturbed({ seed, nodes, advance }: KilledJob): Promise<Reference> {
  const directory = mkdtempSync(join(tmpdir(), 'fanjoin-kills-'));
  try {
    const [file, log, executionId] = [join(directory, 'whole.db'), join(directory, 'log'), 'whole'];
    const child = new RunnerChild({ file, log, executionId, seed, nodes, advance });
    await child.reaches('going');
    const goingMs = child.ageMs;
    await child.reaches('ended');
    const runningMs = child.ageMs - goingMs;
    const { code, stderr } = await child.exit;
    if (code !== 0) throw new Error(`The run without kills ended with code ${code}: ${stderr}`);
    const workload = killWorkload(seed, nodes);
    const client = new LocalClient({ database: file, clock: systemClock });
    const agreement = await readAgreement(client, executionId).finally(() => client.close());
    const problems = specificationProblems(workload, agreement);
    if (problems.length > 0) throw new Error(`The run without kills is wrong:\n${problems.join('\n')}`);
    const calls = readLog(log).filter(([kind]) => kind === 'call').length;
    return { workload, agreement, parents: parentsIn(workload, agreement), calls, runningMs };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function parentsIn({ definition: source }: RandomWorkflow, { results }: AgreementResult): Map<string, string[]> {
  const definition = Definition.parse(source);
  // Of those that a rule skips there is none.
  const settled = new Set(results.map(({ nodeId }) => nodeId));
  const ids = Object.keys(definition.nodes);
  return new Map(ids.map((id) => [id, parentsOf(definition, id).filter((parent) => settled.has(parent))]));
}

function phasesOf(reports: readonly KilledRunReport[]): Record<string, number> {
  const phases: Record<string, number> = {};
  for (const { kills } of reports)
    for (const [phase, count] of Object.entries(kills)) {
      const name = NAMES[phase] ?? phase;
      phases[name] = (phases[name] ?? 0) + count;
    }
  return phases;
}

/** What a process was doing after the last phase it told of. */
const NAMES: Readonly<Record<string, string>> = {
  '': 'loading',
  loaded: 'opening',
  open: 'takingUp',
  going: 'running',
  ended: 'closing',
};

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
