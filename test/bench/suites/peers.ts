import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Contest } from '../contenders/contender.ts';
import { RunningContender } from '../contenders/start.ts';
import { type Measurements, type SuiteOptions, toFigure } from '../figures.ts';
import { CommitFloor } from '../measure/commit-floor.ts';

const FOLDER = join(import.meta.dirname, '../peers');
const OURS = 'fanjoin';
const CONTENDERS = [
  { name: OURS, script: join(import.meta.dirname, '../contenders/fanjoin.ts') },
  { name: 'Restate', script: join(FOLDER, 'restate.ts') },
  { name: 'DBOS', script: join(FOLDER, 'dbos.ts') },
  { name: 'OpenWorkflow', script: join(FOLDER, 'openworkflow.ts') },
  { name: 'durable functions, local runner', script: join(FOLDER, 'durable-functions.ts') },
] as const;

/** Steps that must be durable one after another, and as much with them as a small result takes. */
const CONTESTS: readonly { contest: Contest; atOnce: number; commits: number }[] = [
  { contest: 'chain:10', atOnce: 32, commits: 12 },
  { contest: 'fan-out:100', atOnce: 16, commits: 4 },
];
const BYTES_PER_COMMIT = 512;
const RUNS_PER_TURN = 3;
/** One that is slow has fewer turns, three at least. */
const BUDGET_MS = 15_000;
const MIN_TURNS = 3;
const WARM_UPS = 20;
/** Side by side, a turn is as long for each of them: long enough that its beginning, when nothing ends yet, does not count. */
const TURN_SECONDS = 1;
const WARM_UP_SECONDS = 4;

/**
 * Other durable executors beside the local twin, in turns of a few runs each, so that whatever else the machine does falls
 * on all of them. They are installed into their own folder, by their lock file. One that cannot run here is a row that says so.
 */
export async function measurePeers({ advance, runs, isSmoke, onFigures }: SuiteOptions): Promise<Measurements> {
  const figures: Measurements['figures'][number][] = [];
  const add = (figure: Measurements['figures'][number]) => {
    figures.push(figure);
    onFigures([figure]);
  };
  const whyNotInstalled = await install(isSmoke);
  const contenders: RunningContender[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'fanjoin-bench-'));
  try {
    for (const { name, script } of CONTENDERS) {
      const why = name === OURS ? undefined : whyNotInstalled;
      const started =
        why ?? (await RunningContender.start(name, script, [advance]).catch((error: Error) => error.message));
      if (typeof started !== 'string') contenders.push(started);
      else
        for (const { contest } of CONTESTS)
          add(
            toFigure({
              suite: 'peers',
              who: name,
              workload: contest,
              what: 'latency',
              unit: 'ms',
              samples: undefined,
              note: started,
            }),
          );
    }
    using floor = new CommitFloor(join(folder, 'floor.db'));
    for (const { contest, atOnce, commits } of CONTESTS) {
      const warmUps = isSmoke ? 1 : WARM_UPS;
      const floorMs: number[] = [];
      const alone = await inTurns(contenders, runs / RUNS_PER_TURN, async (contender, turn) => {
        if (turn >= 0) floorMs.push(floor.measureMs({ commits, bytesPerCommit: BYTES_PER_COMMIT }));
        return await contender.alone(contest, turn < 0 ? warmUps : RUNS_PER_TURN);
      });
      for (const [contender, samples] of alone) {
        const { name: who, durability, version } = contender;
        const note = who === OURS ? durability : `${version}; ${durability}`;
        add(
          toFigure({
            suite: 'peers',
            who,
            workload: contest,
            what: 'latency',
            unit: 'ms',
            samples,
            floor: floorMs,
            note,
          }),
        );
      }
      const few = isSmoke ? 4 : 3 * atOnce;
      const rateOf = async (contender: RunningContender, count: number) =>
        (count * 1_000) / (await contender.together(contest, { atOnce, count }));
      const rates = new Map<RunningContender, number>();
      const together = await inTurns(contenders, runs / RUNS_PER_TURN, async (contender, turn) => {
        const seconds = isSmoke ? 0 : turn < 0 ? WARM_UP_SECONDS : TURN_SECONDS;
        if (turn >= 0)
          return [await rateOf(contender, Math.max(few, Math.round(seconds * (rates.get(contender) ?? 0))))];
        const untilMs = performance.now() + 1_000 * seconds;
        do rates.set(contender, await rateOf(contender, few));
        while (performance.now() < untilMs);
        return [];
      });
      for (const [{ name: who }, samples] of together)
        add(
          toFigure({
            suite: 'peers',
            who,
            workload: contest,
            what: `throughput, ${atOnce} at once`,
            unit: '/s',
            samples,
          }),
        );
    }
    for (const contender of contenders) {
      const samples = [await contender.memoryMb()];
      const note = 'after all of it: its process, and its servers with theirs';
      add(
        toFigure({ suite: 'peers', who: contender.name, workload: 'all', what: 'memory', unit: 'MB', samples, note }),
      );
    }
  } finally {
    await Promise.all(contenders.map((contender) => contender.close()));
    await rm(folder, { recursive: true, force: true });
  }
  return { figures, wrong: [] };
}

/** Each of them a turn, again and again; the first, numbered -1, is not counted. */
async function inTurns(
  contenders: readonly RunningContender[],
  turns: number,
  measure: (contender: RunningContender, turn: number) => Promise<readonly number[]>,
): Promise<ReadonlyMap<RunningContender, readonly number[]>> {
  const samples = new Map(contenders.map((contender) => [contender, [] as number[]]));
  const spentMs = new Map<RunningContender, number>();
  for (let turn = -1; turn < turns; turn++)
    for (const [contender, some] of samples) {
      const spent = spentMs.get(contender) ?? 0;
      if (spent > BUDGET_MS && turn >= MIN_TURNS) continue;
      const startedMs = performance.now();
      const measured = await measure(contender, turn);
      if (turn < 0) continue;
      spentMs.set(contender, spent + performance.now() - startedMs);
      some.push(...measured);
    }
  return samples;
}

/** Installs what the lock file says, without running any of its scripts; a smoke run does not. Gives why not. */
async function install(isSmoke: boolean): Promise<string | undefined> {
  const changedAt = async (file: string) => (await stat(join(FOLDER, file)).catch(() => undefined))?.mtimeMs ?? 0;
  if ((await changedAt('node_modules/.package-lock.json')) >= (await changedAt('package-lock.json'))) return undefined;
  if (isSmoke) return 'not installed: `npm run bench -- --suite peers` does that';
  console.log('Installing the peers into test/bench/peers …');
  try {
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: FOLDER });
    return undefined;
  } catch (error) {
    return `not installed: ${String(error).slice(0, 300)}`;
  }
}
