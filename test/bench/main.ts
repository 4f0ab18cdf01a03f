import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { Advance, DEFAULT_ADVANCE } from '../../shared/model/config.ts';
import { InstanceError, readInstance } from '../support/wfcommons.ts';
import { type Figure, type Measurements, Run, type Suite, type SuiteOptions } from './figures.ts';
import { runApart } from './local/run-apart.ts';
import { describeMachine, machineLines } from './measure/machine.ts';
import { writeReport } from './report/performance-page.ts';
import { svgChart } from './report/svg-chart.ts';
import { textHead, textRow } from './report/table.ts';
import { aloneFigures } from './suites/local.ts';
import { replayInstance } from './suites/wfcommons.ts';
import { WorkloadError, workload } from './workloads.ts';

const USAGE = `Measures the executor.

  npm run bench -- --suite local    the local twin: latency, throughput, memory; beside them the commits alone
  npm run bench -- --suite stack    the functions on the local stack: operations and what they cost, never time
  npm run bench -- --suite model    the simulator's prediction of times on AWS
  npm run bench -- --suite peers    other durable executors beside the local twin, in turns
  npm run bench -- --suite all
  npm run bench -- --workload W     one workload on the local twin: chain:10 fan-out:100 diamond layered:1000 map:1000
                                    map:1000/50 payload:64 loop:100
  npm run bench -- --wfcommons FILE [--time-scale 0.01]
                                    an instance in WfFormat (https://wfcommons.org) on the local twin: makespan, critical
                                    path, overhead, and whether the order was kept

  --advance A   eager or stream: how executions of the local twin advance
  --runs N      of each measurement, default 30; of large ones fewer
  --smoke       tiny and quick: whether it all works
  --json FILE   the figures, with machine, versions and commit
  --svg FILE    a chart of them
  --report      writes docs/performance.md and its chart from them
  --from FILE   measures nothing: takes the figures of --json; of several files, of each figure the last
`;

const Options = z.object({
  suite: z.enum(['local', 'stack', 'model', 'peers', 'all']).optional(),
  workload: z.string().optional(),
  wfcommons: z.string().optional(),
  'time-scale': z.coerce.number().positive().default(1),
  advance: Advance.default(DEFAULT_ADVANCE),
  runs: z.coerce.number().pipe(z.int().min(1)).default(30),
  smoke: z.boolean().default(false),
  json: z.string().optional(),
  svg: z.string().optional(),
  report: z.boolean().default(false),
  from: z.array(z.string()).optional(),
});
type Options = z.infer<typeof Options>;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

async function main(options: Options): Promise<void> {
  const { suite, workload: name, wfcommons, from, json, svg, report } = options;
  if (suite === undefined && name === undefined && wfcommons === undefined && from === undefined) {
    console.log(USAGE);
    return;
  }
  const run = from === undefined ? await measure(options) : await readRuns(from);
  for (const sentence of run.wrong) console.error(`WRONG: ${sentence}`);
  if (run.wrong.length > 0) process.exitCode = 1;
  else if (wfcommons !== undefined) console.log('Order: no task began before its parents had ended.');
  if (json !== undefined) await writeFile(json, `${JSON.stringify(run, undefined, 1)}\n`);
  if (svg !== undefined) await writeFile(svg, svgChart(`${run.command}, ${run.at.slice(0, 10)}`, run.figures));
  if (report) await writeReport(run);
}

/** Figures of several runs as one, on the machine of the last. */
async function readRuns(files: readonly string[]): Promise<Run> {
  const runs = await Promise.all(files.map(async (file) => Run.parse(JSON.parse(await readFile(file, 'utf8')))));
  const figures = new Map(runs.flatMap((run) => run.figures.map((figure) => [`${figure.suite} ${figure.id}`, figure])));
  const last = runs.at(-1);
  if (last === undefined) throw new TypeError('--from: name a file');
  return {
    ...last,
    tookSeconds: runs.reduce((sum, { tookSeconds }) => sum + tookSeconds, 0),
    command: runs.map(({ command }) => command).join('; '),
    figures: [...figures.values()],
    wrong: runs.flatMap(({ wrong }) => wrong),
  };
}

async function measure(options: Options): Promise<Run> {
  const parts = partsOf(options);
  const at = new Date();
  const machine = describeMachine();
  console.log(`${machineLines(machine).join('\n')}\n\n${textHead()}`);
  const figures: Figure[] = [];
  const wrong: string[] = [];
  const onFigures = (some: readonly Figure[]) => {
    figures.push(...some);
    for (const figure of some) console.log(textRow(figure));
  };
  for (const part of parts) {
    // What others have measured is not lost with one that fails.
    const failed = (error: unknown) => {
      if (isRefusal(error)) throw error;
      return { wrong: [told(error)] };
    };
    const { wrong: some } = await part({
      advance: options.advance,
      runs: options.runs,
      isSmoke: options.smoke,
      onFigures,
    }).catch(failed);
    wrong.push(...some);
  }
  return Run.parse({
    v: 1,
    at: at.toISOString(),
    tookSeconds: Math.round((Date.now() - at.getTime()) / 1_000),
    advance: options.advance,
    command: ['npm run bench --', ...measuringWords(process.argv.slice(2))].join(' '),
    machine,
    figures,
    wrong,
  });
}

/** Without where the figures go. */
const measuringWords = (words: readonly string[]): string[] =>
  words.filter((word, index) => !OUTPUTS.test(word) && !/^--(json|svg)$/.test(words[index - 1] ?? ''));

const OUTPUTS = /^--(json|svg|report)(=|$)/;

type Part = (options: SuiteOptions) => Promise<Pick<Measurements, 'wrong'>>;
type Asked = Pick<Options, 'suite' | 'workload' | 'wfcommons' | 'time-scale'>;

/** Loaded when they are asked for: one of them brings the whole stack. */
const PARTS: Readonly<Record<Suite, Part>> = {
  local: async (options) => (await import('./suites/local.ts')).measureLocal(options),
  stack: async (options) => (await import('./suites/stack.ts')).measureStack(options),
  model: async (options) => (await import('./suites/model.ts')).measureModel(options),
  peers: async (options) => (await import('./suites/peers.ts')).measurePeers(options),
};

function partsOf({ suite, workload: name, wfcommons: file, 'time-scale': timeScale }: Asked): Part[] {
  const parts: Part[] = Object.entries(PARTS).flatMap(([key, part]) =>
    suite === key || suite === 'all' ? [part] : [],
  );
  if (name !== undefined) {
    // Whether there is such a one, before anything is measured.
    workload(name);
    parts.push((options) => measureOne(name, options));
  }
  if (file !== undefined) {
    readInstance(file);
    parts.push(async ({ advance, runs, onFigures }) => {
      const { figures, wrong } = await replayInstance({ file, timeScale, runs, advance });
      onFigures(figures);
      return { wrong };
    });
  }
  return parts;
}

async function measureOne(
  name: string,
  { advance, runs, onFigures }: SuiteOptions,
): Promise<Pick<Measurements, 'wrong'>> {
  const outcome = await runApart({ advance, kind: 'alone', workload: name, warmUps: Math.min(20, runs), runs });
  onFigures(aloneFigures(name, outcome));
  return outcome;
}

/** What was asked for cannot be. */
const isRefusal = (error: unknown): error is Error =>
  error instanceof InstanceError || error instanceof WorkloadError || isUnknownOption(error);

const isUnknownOption = (error: unknown): boolean =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');

function told(error: unknown): string {
  if (error instanceof z.ZodError)
    return error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n');
  if (isRefusal(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  const { values } = parseArgs({
    options: {
      suite: text,
      workload: text,
      wfcommons: text,
      'time-scale': text,
      advance: text,
      runs: text,
      smoke: flag,
      json: text,
      svg: text,
      report: flag,
      from: { type: 'string', multiple: true },
    },
  });
  await main(Options.parse(values));
} catch (error) {
  process.exitCode = 2;
  console.error(`${told(error)}\n\n\`npm run bench\` alone tells what can be asked for.`);
}
