import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figure, Run } from '../figures.ts';
import { machineLines } from '../measure/machine.ts';
import { GOALS } from './goals.ts';
import { type Log, readLog } from './log.ts';
import { svgChart } from './svg-chart.ts';
import { markdownFigures, markdownTable, toText } from './table.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** The figures that the page was made of. */
export const RESULTS_FILE = join(ROOT, 'test/bench/results.json');
export const PAGE_FILE = join(ROOT, 'docs/performance.md');
const CHART_FILE = join(ROOT, 'docs/performance.svg');

/** Writes the page, its chart, and the figures they are made of. */
export async function writeReport(run: Run): Promise<void> {
  await writeFile(PAGE_FILE, performancePage(run, await readLog()));
  await writeFile(CHART_FILE, svgChart(`fanjoin ${run.machine.commit}, ${run.at.slice(0, 10)}`, run.figures));
  await writeFile(RESULTS_FILE, `${JSON.stringify(run, undefined, 1)}\n`);
  console.log('\nWritten: docs/performance.md, docs/performance.svg, test/bench/results.json');
}

export function performancePage(run: Run, log: Log): string {
  const of = (suite: Figure['suite']) => run.figures.filter((figure) => figure.suite === suite);
  const local = of('local');
  const named = (...words: readonly string[]) =>
    local.filter(({ what }) => words.some((word) => what.startsWith(word)));
  return `# Performance

<!-- Written by \`npm run bench -- --suite all --report\` from test/bench/results.json and test/bench/log.json. Do not edit. -->

${quietOrNot(run)}

\`\`\`
${machineLines(run.machine).join('\n')}
measured  ${run.at.slice(0, 16).replace('T', ' ')} UTC, in ${Math.round(run.tookSeconds / 60)} minutes, advance ${run.advance}: ${run.command}
\`\`\`

## Goals

${markdownTable(['', 'goal', 'others, as they were measured before', 'in this run', ''], goalRows(run.figures, log), 5)}

${reasonsOf(run.figures, log)}![Medians of the figures below, with the 90th percentile and the floor](performance.svg)

## How it is measured

- **Latency** is what a caller waits: from \`execute()\` until it has the result. One execution after another, each
  workload in a process of its own, after a warm-up of 10,000 nodes, or 200 executions where those have fewer. Percentiles are values that were measured (nearest rank); ± is the median of the
  distances from the median.
- **Overhead** is the makespan less the *critical path of the handlers' own time*: the longest way through the graph, counted in what
  the handlers took by their own clock. With any number of workers, nobody could be faster than that path.
- **The floor** is the commits alone: as many as must be durable one after another (the start, each node of the longest way,
  the end), with as many bytes, in a SQLite file with the same settings on the same disk, **measured between the runs**. A disk
  that is slow for a while is slow for both.
- **Latency under load** comes from an open loop: executions start at a fixed rate whether those before have ended or not, and
  each counts from when it *was meant* to start. A stall makes everything slow that it kept waiting (no coordinated omission).
- **Idle memory** is the resident memory of a process that has run one chain of ten, a second and a half later, types stripped
  before, as in the package: some 42 MB of it are Node.js itself. Where Node.js strips the types of a program in TypeScript, 26 MB
  more are what it strips them with; the command line keeps what was stripped. *After work*, 2,000 chains with 32 at once, V8 keeps
  the room it had for young objects, most of it empty: what lives are 20 MB, however many executions there were.
  \`NODE_OPTIONS=--max-semi-space-size=16\` leaves it a third less, 180 of 270 MB, and takes no longer.
- **Handlers** give back what they are given. Their own time is next to nothing, so that what is left is the executor.
- **On AWS nothing was measured.** Operations are counted on the local stack and priced by list prices; times are the
  simulator's prediction. Both say so.

## The local twin

${markdownFigures(named('latency', 'overhead').filter(({ what }) => !what.includes('load')))}

### Per node, visit or item

${markdownFigures(named('time per unit'))}

### Throughput, and latency under load

${markdownFigures(named('throughput', 'latency at'))}

### The core, and memory

\`compile\` is all from a definition as an object to its plan: parsed, checked, hashed, indexed.

${markdownFigures(named('compile', 'decide', 'memory', 'starts', 'peak memory'))}

## Beside others

The same steps in the same run, in turns, on the same disk, each with its own durability as it is here:

${durabilities(of('peers'))}

${markdownFigures(of('peers'))}

## Operations and their cost on AWS

Counted on the local stack with nothing beside; USD for a million executions. "Engine only" is without the HTTP API before it and the
history, metrics and events behind it. [cost.md](cost.md) tells what is counted and what is not.

${markdownTable(['workload', 'who', 'USD a million', 'of one execution'], of('stack').map(costRow))}

## Predicted on AWS

By the [simulator](reliability.md), on instances that are warm, with the latencies that it prints. **A prediction, no measurement.**

${markdownTable(['shape', 'advance', 'what', 'p50', 'p90', 'unit', ''], of('model').map(modelRow), 3)}

## What changed it

${markdownTable(
  ['', 'change', 'measure', 'before', 'after'],
  log.changes.map(({ date, change, measure, before, after }) => [date, change, measure, before, after]),
  3,
)}

## Again

\`npm run bench\` tells what can be asked for: a suite, one workload, or any instance in
[WfFormat](https://wfcommons.org) (\`--wfcommons FILE --time-scale 0.01\`). \`npm run bench -- --suite all --report\` writes this page, in less
than 20 minutes on two cores; \`--report --from test/bench/results.json\` writes it again without measuring. What breaks first
at scale is in [scaling.md](scaling.md).
`;
}

const quietOrNot = ({ machine }: Run): string =>
  machine.loadBefore > 0.5
    ? `**The machine was busy** (${machine.loadBefore} processes wanted one of ${machine.cores} cores before it began): times below are worth little, ratios within a row somewhat more.`
    : 'The machine had nothing else to do.';

function goalRows(figures: readonly Figure[], log: Log): string[][] {
  return GOALS.map(({ id, measure, goal, peers, standing }) => {
    const { measured, isMet } = standing(figures);
    const told =
      isMet === undefined ? '' : isMet ? '**met**' : `not met${log.reasons[id] === undefined ? '' : ' (why: below)'}`;
    return [measure, goal, peers, measured, told];
  });
}

/** Only of goals that are not met: a reason that is left over from before tells nothing. */
function reasonsOf(figures: readonly Figure[], log: Log): string {
  const unmet = GOALS.filter(({ standing }) => standing(figures).isMet === false);
  const told = unmet.flatMap(({ id, measure }) =>
    log.reasons[id] === undefined ? [] : [`- *${measure}*: ${log.reasons[id]}`],
  );
  return told.length === 0 ? '' : `Why not, and what was tried:\n\n${told.join('\n')}\n\n`;
}

function durabilities(figures: readonly Figure[]): string {
  const notes = new Map(
    figures.flatMap(({ who, what, note }) => (what === 'latency' && note !== undefined ? [[who, note]] : [])),
  );
  return [...notes].map(([who, note]) => `- **${who}**: ${note}`).join('\n');
}

const costRow = ({ who, workload, summary, note = '' }: Figure): string[] => [
  workload,
  who,
  summary === undefined ? 'not measured' : toText(summary.p50),
  note,
];

const modelRow = ({ who, workload, what, unit, summary, note = '' }: Figure): string[] => [
  workload,
  who,
  what,
  summary === undefined ? '' : toText(summary.p50),
  summary === undefined ? '' : toText(summary.p90),
  unit,
  note,
];
