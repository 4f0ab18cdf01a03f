import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Figure, type Measurements, type SuiteOptions, toFigure } from '../figures.ts';
import type { JobInput, Outcome } from '../local/job.ts';
import { runApart } from '../local/run-apart.ts';
import { median } from '../measure/statistics.ts';
import { workload } from '../workloads.ts';

interface Alone {
  readonly workload: string;
  /** Of 30 runs, so many: of what takes seconds, fewer. */
  readonly share?: number;
}

const ALONE: readonly Alone[] = [
  { workload: 'chain:1' },
  { workload: 'chain:10', share: 3 },
  { workload: 'chain:100' },
  { workload: 'chain:1000', share: 0.2 },
  { workload: 'fan-out:2' },
  { workload: 'fan-out:10' },
  { workload: 'fan-out:100', share: 2 },
  { workload: 'fan-out:1000', share: 0.5 },
  { workload: 'fan-out:10000', share: 0.1 },
  { workload: 'diamond' },
  { workload: 'layered:100' },
  { workload: 'layered:1000', share: 0.5 },
  { workload: 'layered:10000', share: 0.1 },
  // As many as fit a definition of 5 MB.
  { workload: 'layered:50000', share: 0.1 },
  { workload: 'map:100' },
  { workload: 'map:1000', share: 0.5 },
  { workload: 'map:10000', share: 0.1 },
  { workload: 'map:10000/100' },
  { workload: 'map:100000/100', share: 0.2 },
  { workload: 'map:1000000/1000', share: 0.1 },
  { workload: 'payload:0' },
  { workload: 'payload:1' },
  { workload: 'payload:16' },
  { workload: 'payload:64' },
  { workload: 'payload:256' },
  { workload: 'loop:100' },
];
const SMOKE_ALONE: readonly Alone[] = ['chain:3', 'fan-out:4', 'diamond', 'map:10/5', 'payload:16', 'loop:3'].map(
  (workload) => ({ workload }),
);

/** At once, and executions of a round. */
const TOGETHER = [
  { workload: 'chain:10', atOnce: 32, perRound: 256 },
  { workload: 'fan-out:100', atOnce: 16, perRound: 48 },
];
const SMOKE_TOGETHER = [{ workload: 'chain:3', atOnce: 4, perRound: 8 }];
/** Of what a closed loop got through: an open one at more than that has no end. */
const LOADS = [0.25, 0.5, 0.75];
const OPEN_SECONDS = 8;
const MIN_RUNS = 3;
/** Before it is measured, so that small ones do not run in a colder process than large ones. */
const WARM_UNITS = 10_000;
const MOST_WARM_UPS = 200;
const WAITING = 100_000;

/** The local twin, each workload in a process of its own. */
export async function measureLocal({ advance, runs, isSmoke, onFigures }: SuiteOptions): Promise<Measurements> {
  const figures: Figure[] = [];
  const wrong: string[] = [];
  const add = (some: readonly Figure[], outcome: Pick<Outcome, 'wrong'>) => {
    figures.push(...some);
    wrong.push(...outcome.wrong);
    onFigures(some);
  };
  for (const { workload: name, share = 1 } of isSmoke ? SMOKE_ALONE : ALONE) {
    const count = Math.max(MIN_RUNS, Math.round(runs * share));
    const outcome = await runApart({
      advance,
      kind: 'alone',
      workload: name,
      warmUps: isSmoke ? 1 : warmUpsFor(workload(name).units, share < 0.5 ? 1 : Math.min(20, count)),
      runs: count,
    });
    add(aloneFigures(name, outcome), outcome);
  }
  for (const { workload: name, atOnce, perRound } of isSmoke ? SMOKE_TOGETHER : TOGETHER) {
    const closed = await runApart({ advance, kind: 'together', workload: name, atOnce, perRound, rounds: runs });
    const { perSecond = [] } = closed.samples;
    add([local(name, `throughput, ${atOnce} at once`, '/s', perSecond)], closed);
    for (const load of LOADS) {
      const ratePerSecond = median(perSecond) * load;
      const count = Math.ceil(ratePerSecond * (isSmoke ? 0.2 : OPEN_SECONDS));
      const open = await runApart({ advance, kind: 'open', workload: name, ratePerSecond, count });
      add(
        [
          {
            ...local(name, `latency at ${load * 100} % load`, 'ms', open.samples.latencyMs),
            note: `${ratePerSecond.toFixed(0)} started a second, whatever is open; from when each was meant to start`,
          },
        ],
        open,
      );
    }
  }
  const nodes = isSmoke ? 100 : 10_000;
  const core = await runApart({ kind: 'core', nodes, runs });
  add(
    [
      local(`layered:${nodes}`, 'compile', 'ms', core.samples.compileMs),
      local(`layered:${nodes}`, 'decide per node', 'µs', core.samples.decideUsPerNode),
    ],
    core,
  );
  await measureIdle({ advance, processes: isSmoke ? 1 : 5, executions: isSmoke ? 32 : 2_000 }, add);
  const executions = isSmoke ? 100 : WAITING;
  const waiting = await runApart({ advance, kind: 'waiting', executions });
  add(
    [
      local(`waiting:${executions}`, 'memory', 'MB', waiting.samples.rssMb),
      local(`waiting:${executions}`, 'memory of an execution', 'kB', waiting.samples.kbPerExecution),
      local(`waiting:${executions}`, 'starts', '/s', waiting.samples.startsPerSecond),
    ],
    waiting,
  );
  return { figures, wrong };
}

interface IdleOptions {
  readonly advance: SuiteOptions['advance'];
  readonly processes: number;
  /** Of those that have worked before. */
  readonly executions: number;
}

/** In several processes each: in one alone, one look is like another. */
async function measureIdle(
  { advance, processes, executions }: IdleOptions,
  add: (some: readonly Figure[], outcome: Pick<Outcome, 'wrong'>) => void,
): Promise<void> {
  const look = async (what: string, job: JobInput, env: Readonly<Record<string, string>>) => {
    const outcomes: Outcome[] = [];
    for (let n = 0; n < processes; n++) outcomes.push(await runApart(job, env));
    const samples = outcomes.flatMap((outcome) => outcome.samples.rssMb ?? []);
    add([local('idle', what, 'MB', samples)], { wrong: outcomes.flatMap(({ wrong }) => wrong) });
  };
  const idle = { advance, kind: 'idle' } as const;
  const folder = await mkdtemp(join(tmpdir(), 'fanjoin-bench-'));
  try {
    // The package has no types to strip, and the command line keeps what was stripped: Node.js takes 26 MB to do it.
    const stripped = { NODE_COMPILE_CACHE: folder };
    await runApart(idle, stripped);
    await look('memory', idle, stripped);
    await look('memory after work', { ...idle, executions }, stripped);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await look('memory where types are stripped', idle, { NODE_DISABLE_COMPILE_CACHE: '1' });
}

/** Code that has run more often is faster: each workload runs as many nodes first, as far as that does not take for ever. */
const warmUpsFor = (units: number, least: number): number =>
  Math.max(least, Math.min(MOST_WARM_UPS, Math.ceil(WARM_UNITS / units)));

const local = (name: string, what: string, unit: string, samples: readonly number[] | undefined) =>
  toFigure({ suite: 'local', workload: name, what, unit, samples });

/** Of one that ran alone: the whole, what of it is the executor's, and, of a size, what falls to one node. */
export function aloneFigures(name: string, { samples, maxRssMb }: Outcome): Figure[] {
  const { latencyMs, overheadMs, floorMs, usPerUnit } = samples;
  return [
    toFigure({ suite: 'local', workload: name, what: 'latency', unit: 'ms', samples: latencyMs, floor: floorMs }),
    toFigure({ suite: 'local', workload: name, what: 'overhead', unit: 'ms', samples: overheadMs, floor: floorMs }),
    local(name, 'time per unit', 'µs', usPerUnit),
    local(name, 'peak memory', 'MB', [maxRssMb]),
  ];
}
