import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { LocalClient } from '../../shared/executor/local-client.ts';
import type { NodeResultView } from '../../shared/model/result.ts';
import { readAgreement } from '../support/agreement.ts';
import { digestOf } from '../support/generic-handlers.ts';
import { allEvents, historyProblems, metricsProblems } from '../support/history-agreement.ts';
import { type AgreementResult, check } from '../support/oracle.ts';
import type { RandomWorkflow } from '../support/random-workflow-parts.ts';
import type { Random } from '../support/random-workflow-source.ts';
import type { Job, Phase } from './job.ts';
import { RunnerChild } from './runner-child.ts';
import { damageOf, readBeside, readCopy, readLog } from './standing.ts';

/** What is run: the workload, by its seed and size, and how it advances. */
export type KilledJob = Pick<Job, 'seed' | 'nodes' | 'advance'>;

/** What a run without kills gave. */
export interface Reference {
  readonly workload: RandomWorkflow;
  readonly agreement: AgreementResult;
  /** Of each node, those that have results. */
  readonly parents: ReadonlyMap<string, readonly string[]>;
  /** Of handlers. */
  readonly calls: number;
  /** From its being taken up to its end. */
  readonly runningMs: number;
}

export interface KilledRunReport {
  /** By the phase that the process had told of when it was killed. */
  readonly kills: Readonly<Record<string, number>>;
  /** Seen at any time, each once. */
  readonly resultsSeen: number;
  /** Calls of handlers beyond those of a run without kills. */
  readonly repeatedCalls: number;
  readonly lost: readonly string[];
  readonly changed: readonly string[];
  readonly countedTwice: readonly string[];
  /** All that is wrong, those above included. */
  readonly problems: readonly string[];
}

const EXECUTION = 'killed';
/** Where a kill falls: so long after a phase, at random, the bound in milliseconds or as a part of the running time. */
const AIMS: readonly { readonly after?: Phase; readonly withinMs?: number }[] = [
  { withinMs: 250 },
  { after: 'loaded', withinMs: 30 },
  { after: 'open', withinMs: 60 },
  ...Array.from({ length: 12 }, () => ({ after: 'going' as const })),
  { after: 'ended', withinMs: 8 },
];

/** One execution in a file of its own, killed at random until it has had its kills, and taken up each time. */
export class KilledRun {
  readonly #directory = mkdtempSync(join(tmpdir(), 'fanjoin-kills-'));
  readonly #job: Job;
  readonly #random: Random;
  readonly #reference: Reference;
  readonly #seen = new Map<string, NodeResultView>();
  readonly #kills: Record<string, number> = {};
  readonly #lost = new Set<string>();
  readonly #changed = new Set<string>();
  /** Of nodes that had a result when their process was killed: how many lines the log had then. */
  readonly #settledAt = new Map<string, number>();
  readonly #problems: string[] = [];

  constructor(job: KilledJob, random: Random, reference: Reference) {
    this.#job = {
      ...job,
      executionId: EXECUTION,
      file: join(this.#directory, 'kills.db'),
      log: join(this.#directory, 'log'),
      listens: random.chance(0.5),
    };
    this.#random = random;
    this.#reference = reference;
  }

  /** @param maxKills it may end before */
  async run(maxKills: number): Promise<KilledRunReport> {
    try {
      for (let kills = 0; ; kills += 1) {
        const hasEnded = await this.#live(kills < maxKills);
        if (hasEnded) break;
        if (kills > maxKills * 10) throw new Error('It does not end.');
      }
      return await this.#report();
    } finally {
      rmSync(this.#directory, { recursive: true });
    }
  }

  /** One process, from its start to its kill or its end. */
  async #live(isKilled: boolean): Promise<boolean> {
    const random = this.#random;
    const child = new RunnerChild({ ...this.#job, resumes: random.chance(0.5) });
    if (isKilled) await this.#kill(child);
    const { code, signal, stderr } = await child.exit;
    if (signal === 'SIGKILL') {
      this.#kills[child.phase] = (this.#kills[child.phase] ?? 0) + 1;
      const { results, damage } = await readCopy(this.#job.file, EXECUTION);
      this.#see(results);
      const log = readLog(this.#job.log);
      this.#expectDurable(log, new Set([...results.values()].map(({ nodeId }) => nodeId)));
      const { length } = log;
      for (const { nodeId } of results.values()) if (!this.#settledAt.has(nodeId)) this.#settledAt.set(nodeId, length);
      this.#problems.push(...damage.map((line) => `damaged: ${line}`));
      return false;
    }
    if (code !== 0 || stderr !== '') this.#problems.push(`it ended with code ${code}: ${stderr}`);
    return true;
  }

  /** What callbacks were told of, and what a node that was called had received, must have been written before. */
  #expectDurable(log: readonly string[][], standing: ReadonlySet<string>): void {
    const { parents } = this.#reference;
    for (const [kind, nodeId = ''] of log) {
      const needed = kind === 'told' ? [nodeId] : (parents.get(nodeId) ?? []);
      for (const id of needed) if (!standing.has(id)) this.#lost.add(`${id}, which ${nodeId} was ${kind} of`);
    }
  }

  async #kill(child: RunnerChild): Promise<void> {
    const random = this.#random;
    const { after, withinMs = this.#reference.runningMs } = random.pick(AIMS);
    // Rather early than late: what a process has to do becomes less with each.
    const delayMs = random.next() ** 3 * withinMs;
    const looksBefore = random.chance(0.3);
    if (after !== undefined) await child.reaches(after);
    await delay(delayMs);
    // What another process has read of a living engine must stand, too.
    if (looksBefore && after === 'going') this.#see(await readBeside(this.#job.file, EXECUTION));
    child.signal('SIGKILL');
  }

  /** Compares what was seen before with what stands now, and keeps what is new. */
  #see(results: ReadonlyMap<string, NodeResultView>): void {
    for (const [name, view] of this.#seen) {
      const standing = results.get(name);
      if (standing === undefined) this.#lost.add(name);
      else if (!isDeepStrictEqual(standing, view)) this.#changed.add(name);
    }
    for (const [name, view] of results) if (!this.#seen.has(name)) this.#seen.set(name, view);
  }

  async #report(): Promise<KilledRunReport> {
    const { file } = this.#job;
    const left = readdirSync(this.#directory).filter((name) => !['kills.db', 'kills.db-lock', 'log'].includes(name));
    this.#problems.push(...left.map((name) => `left behind: ${name}`));
    this.#problems.push(...damageOf(file).map((line) => `damaged: ${line}`));
    const client = new LocalClient({ database: file, clock: systemClock });
    try {
      this.#see(await readBeside(file, EXECUTION));
      const countedTwice = await this.#countedTwice(client);
      const repeatedCalls = await this.#compare(client);
      const problems = [
        ...this.#problems,
        ...[...this.#lost].map((name) => `lost: ${name}`),
        ...[...this.#changed].map((name) => `changed: ${name}`),
        ...countedTwice,
      ];
      return {
        kills: this.#kills,
        resultsSeen: this.#seen.size,
        repeatedCalls,
        lost: [...this.#lost],
        changed: [...this.#changed],
        countedTwice,
        problems,
      };
    } finally {
      await client.close();
    }
  }

  async #countedTwice(client: LocalClient): Promise<string[]> {
    const { workload } = this.#reference;
    const results = [...this.#seen.values()];
    const events = await allEvents(client, EXECUTION);
    const metrics = await client.metrics(workload.definition.name);
    const [open] = await client.openExecutions();
    return [
      ...historyProblems(events, results),
      ...metricsProblems(metrics, events, results),
      ...(metrics.totalExecutions === 1 ? [] : [`${metrics.totalExecutions} executions are counted`]),
      ...(open === undefined ? [] : [`${open.executionId} is open`]),
    ];
  }

  /** With what the specification says, with the run without kills, and with what its processes noted. */
  async #compare(client: LocalClient): Promise<number> {
    const { workload, agreement, calls } = this.#reference;
    const ended = await readAgreement(client, EXECUTION);
    this.#problems.push(...specificationProblems(workload, ended));
    if (!isDeepStrictEqual(ended.output, agreement.output)) this.#problems.push('its output is another');
    const log = readLog(this.#job.log);
    const told = log.filter(([kind]) => kind === 'told');
    for (const [, nodeId, digest] of told) {
      const view = this.#seen.get(`${nodeId} 1 1`);
      if (view === undefined) this.#lost.add(`${nodeId}, which a callback was told of`);
      else if (digestOf(view.output ?? null) !== digest) this.#changed.add(`${nodeId}, after a callback was told`);
    }
    for (const [line, [kind, nodeId = '']] of log.entries())
      if (kind === 'call' && line >= (this.#settledAt.get(nodeId) ?? Number.POSITIVE_INFINITY))
        this.#problems.push(`${nodeId} was called again, although it had a result`);
    const called = log.filter(([kind]) => kind === 'call');
    const calledNodes = new Set(called.map(([, nodeId]) => nodeId));
    for (const { nodeId, source } of this.#seen.values())
      if ((source === 'handler' || source === 'fallback') && !calledNodes.has(nodeId))
        this.#problems.push(`${nodeId} has a result, and its handler was not called`);
    return called.length - calls;
  }
}

/** Which of some nodes with one cache key finds the other's result depends on the moment: the oracle does not say. */
export function specificationProblems({ definition, input }: RandomWorkflow, ended: AgreementResult): string[] {
  const results = ended.results.map((view) =>
    view.source === 'cache' ? { ...view, source: 'handler' as const } : view,
  );
  return check(definition, input, { ...ended, results });
}
