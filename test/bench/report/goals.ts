import type { Figure } from '../figures.ts';
import { toText } from './table.ts';

/** How a goal stands by the figures of a run. */
export interface Standing {
  /** In words, with its figures. */
  readonly measured: string;
  /** `undefined`: what it takes was not measured in this run. */
  readonly isMet: boolean | undefined;
}

export interface Goal {
  /** What `log.json` gives reasons by. */
  readonly id: string;
  readonly measure: string;
  readonly goal: string;
  readonly peers: string;
  readonly standing: (figures: readonly Figure[]) => Standing;
}

const NOT_MEASURED: Standing = { measured: 'not measured in this run', isMet: undefined };

type Find = (suite: Figure['suite'], id: string) => Figure | undefined;

/** A goal of figures that must all be there. */
function standingOf(
  ids: readonly (readonly [Figure['suite'], string])[],
  judge: (medians: readonly number[], found: readonly Figure[]) => Standing,
) {
  return (figures: readonly Figure[]): Standing => {
    const find: Find = (suite, id) => figures.find((figure) => figure.suite === suite && figure.id === id);
    const found = ids.flatMap(([suite, id]) => find(suite, id) ?? []);
    const medians = found.flatMap(({ summary }) => (summary === undefined ? [] : [summary.p50]));
    return medians.length < ids.length ? NOT_MEASURED : judge(medians, found);
  };
}

function atMost(suite: Figure['suite'], id: string, bound: number, unit: string) {
  return standingOf([[suite, id]], ([value = Number.NaN]) => ({
    measured: `${toText(value)} ${unit}`,
    isMet: value <= bound,
  }));
}

/** With what else the local twin's figures tell, and nobody judges. */
function beside(
  standing: Goal['standing'],
  others: readonly (readonly [id: string, words: string])[],
): Goal['standing'] {
  return (figures) => {
    const { measured, isMet } = standing(figures);
    const told = others.flatMap(([id, words]) => {
      const summary = figures.find((figure) => figure.suite === 'local' && figure.id === id)?.summary;
      return summary === undefined ? [] : [`${toText(summary.p50)} ${words}`];
    });
    return { measured: [measured, ...told].join('; '), isMet };
  };
}

/** Ours against another's in the same run. @param isEnough of ours divided by theirs */
function against(ours: string, theirs: string, unit: string, isEnough: (ratio: number) => boolean) {
  return standingOf(
    [
      ['peers', ours],
      ['peers', theirs],
    ],
    ([our = Number.NaN, their = Number.NaN]) => ({
      measured: `${toText(our)} ${unit}; Restate ${toText(their)}: × ${toText(our / their)}`,
      isMet: isEnough(our / their),
    }),
  );
}

const FLAT = 1.1;

/** The largest and the smallest of them are no further apart than a tenth. */
function flat(
  title: string,
  ids: readonly (readonly [Figure['suite'], string])[],
  perUnit: readonly number[],
  unit: string,
) {
  return standingOf(ids, (medians) => {
    const values = medians.map((median, index) => median / (perUnit[index] ?? 1));
    const ratio = Math.max(...values) / Math.min(...values);
    return { measured: `${title} ${values.map(toText).join(' → ')} ${unit}`, isMet: ratio <= FLAT };
  });
}

/** All of several: met once each was measured and is, not met as soon as one is not. */
function all(...parts: readonly ((figures: readonly Figure[]) => Standing)[]) {
  return (figures: readonly Figure[]): Standing => {
    const standings = parts.map((part) => part(figures));
    const known = standings.filter(({ isMet }) => isMet !== undefined);
    if (known.length === 0) return NOT_MEASURED;
    const measured = known.map((standing) => standing.measured).join('; ');
    if (known.some(({ isMet }) => isMet === false)) return { measured, isMet: false };
    return known.length < standings.length
      ? { measured: `${measured}; the rest not measured in this run`, isMet: undefined }
      : { measured, isMet: true };
  };
}

const ENGINE = 'eager, engine only';
const DEFAULT = 'eager, default stack';

/** What was set out to be reached, on two cores. */
export const GOALS: readonly Goal[] = [
  {
    id: 'chain',
    measure: 'chain of 10, each result durable before the next, p50 alone',
    goal: '≤ 1.5 × the floor of 12 commits',
    peers: 'Restate 18.1 ms, DBOS 22.5',
    standing: standingOf([['local', 'chain:10 latency']], ([value = Number.NaN], [figure]) => {
      const floor = figure?.floor?.p50 ?? Number.NaN;
      return {
        measured: `${toText(value)} ms, floor ${toText(floor)}: × ${toText(value / floor)}`,
        isMet: value <= 1.5 * floor,
      };
    }),
  },
  {
    id: 'chain-together',
    measure: 'the same, 32 at once',
    goal: '≥ 8 × Restate in the same run',
    peers: 'Restate 239/s, DBOS 130/s',
    standing: against(
      'chain:10 throughput, 32 at once',
      'Restate chain:10 throughput, 32 at once',
      '/s',
      (r) => r >= 8,
    ),
  },
  {
    id: 'fan-out',
    measure: 'fan-out 100 and join (`maxParallelNodes: 100`), p50',
    goal: "≤ ⅓ of Restate's",
    peers: 'Restate 18.7 ms, DBOS 123',
    standing: against('fan-out:100 latency', 'Restate fan-out:100 latency', 'ms', (ratio) => ratio <= 1 / 3),
  },
  {
    id: 'fan-out-together',
    measure: 'the same, 16 at once',
    goal: '≥ 5 × Restate',
    peers: 'Restate 57.9/s',
    standing: against(
      'fan-out:100 throughput, 16 at once',
      'Restate fan-out:100 throughput, 16 at once',
      '/s',
      (ratio) => ratio >= 5,
    ),
  },
  {
    id: 'decide',
    measure: '`decide` per node, 10,000-node graph; compile',
    goal: '≤ 2 µs; ≤ 50 ms',
    peers: '–',
    standing: all(
      atMost('local', 'layered:10000 decide per node', 2, 'µs'),
      atMost('local', 'layered:10000 compile', 50, 'ms'),
    ),
  },
  {
    id: 'flat',
    measure: 'cost and time per node, 100 → 100,000 nodes',
    goal: 'flat within 10 %',
    peers: '–',
    standing: all(
      flat(
        'layered, locally',
        ['layered:100', 'layered:1000', 'layered:10000', 'layered:50000'].map((name) => [
          'local',
          `${name} time per unit`,
        ]),
        [],
        'µs',
      ),
      flat(
        'fan-out of 100, 1,000, 10,000, predicted',
        [100, 1_000, 10_000].map((width) => ['model', `eager fan-out ${width} and join predicted cost`]),
        [102, 1_002, 10_002],
        'USD a million nodes',
      ),
    ),
  },
  {
    id: 'idle',
    measure: 'idle memory of the engine',
    goal: '≤ 120 MB',
    peers: 'Restate 266 MB',
    standing: beside(atMost('local', 'idle memory', 120, 'MB'), [
      ['idle memory where types are stripped', 'MB where Node.js strips types'],
      ['idle memory after work', 'MB after 2,000 executions'],
    ]),
  },
  {
    id: 'cost-chain',
    measure: 'AWS per million, engine only: chain of 10 (default stack with index, observer, events)',
    goal: '≤ $10 (≤ $15)',
    peers: 'Standard 252, durable 91, Express 4.35 (not durable)',
    standing: all(
      atMost('stack', `${ENGINE} chain:10 cost`, 10, 'USD'),
      atMost('stack', `${DEFAULT} chain:10 cost`, 15, 'USD, default stack'),
    ),
  },
  {
    id: 'cost-fan-out',
    measure: 'fan-out 100 and join, engine only (handlers in batches of 10, as they are by default)',
    goal: '≤ $185 (≤ $90)',
    peers: 'Standard 2,595, durable 857',
    standing: atMost('stack', `${ENGINE} fan-out:100 cost`, 90, 'USD'),
  },
  {
    id: 'cost-map',
    measure: 'map 10,000, engine only; in chunks of 100',
    goal: '≤ $7,800; ≤ $300',
    peers: 'Standard batched 2,878, durable cannot',
    standing: all(
      standingOf([['stack', `${ENGINE} map:1000 cost`]], ([value = Number.NaN]) => ({
        measured: `${toText(10 * value)} USD, ten times a map of 1,000`,
        isMet: 10 * value <= 7_800,
      })),
      atMost('stack', `${ENGINE} map:10000/100 cost`, 300, 'USD in chunks'),
    ),
  },
  {
    id: 'predicted',
    measure: 'predicted on AWS, p50 without the handlers: chain of 10; fan-out 100 and join',
    goal: '≤ 80 ms; ≤ 400 ms',
    peers: 'Standard 1,083 ms, Unum 970',
    standing: all(
      atMost('model', 'eager chain 10 predicted overhead', 80, 'ms'),
      atMost('model', 'eager fan-out 100 and join predicted overhead', 400, 'ms'),
    ),
  },
];
