import * as z from 'zod';
import { Advance } from '../../shared/model/config.ts';
import { Machine } from './measure/machine.ts';
import { Summary, summarize } from './measure/statistics.ts';

export const SUITES = ['local', 'stack', 'model', 'peers'] as const;
export const Suite = z.enum(SUITES);
export type Suite = z.infer<typeof Suite>;

/** One thing that was measured, or that could not be. */
export const Figure = z.object({
  suite: Suite,
  /** Unique in its suite: what the goals refer to. `chain:10 latency`, `Restate chain:10 throughput`. */
  id: z.string(),
  /** Executor or mode, where there are several. */
  who: z.string(),
  /** `chain:10`. */
  workload: z.string(),
  /** `latency`, `throughput, 32 at once`. */
  what: z.string(),
  /** `ms`, `/s`, `µs`, `MB`, `USD a million`. */
  unit: z.string(),
  /** Absent of what could not be measured; `note` says why. */
  summary: Summary.optional(),
  /** The commits alone, measured between the runs, in the same unit. */
  floor: Summary.optional(),
  note: z.string().optional(),
});
export type Figure = Readonly<z.infer<typeof Figure>>;

/** All of one run. */
export const Run = z.object({
  v: z.literal(1),
  at: z.iso.datetime(),
  tookSeconds: z.number(),
  /** Of the local twin's figures, and of those beside the peers. */
  advance: Advance,
  /** As it was asked for. */
  command: z.string(),
  machine: Machine,
  figures: z.array(Figure),
  /** Wrong results and orders. A run that has any is worth nothing. */
  wrong: z.array(z.string()),
});
export type Run = Readonly<z.infer<typeof Run>>;

interface Measured {
  readonly suite: Suite;
  readonly who?: string;
  readonly workload: string;
  readonly what: string;
  readonly unit: string;
  readonly samples: readonly number[] | undefined;
  readonly floor?: readonly number[] | undefined;
  readonly note?: string | undefined;
}

/** A figure of samples; of none, one that says that there is none. */
export function toFigure({ samples, floor, note, who = 'fanjoin', ...rest }: Measured): Figure {
  return {
    ...rest,
    who,
    id: `${who === 'fanjoin' ? '' : `${who} `}${rest.workload} ${rest.what}`,
    ...(samples !== undefined && samples.length > 0 && { summary: rounded(summarize(samples)) }),
    ...(floor !== undefined && floor.length > 0 && { floor: rounded(summarize(floor)) }),
    ...(note !== undefined && { note }),
  };
}

/** To a ten-thousandth: nothing here is as exact. */
function rounded(summary: Summary): Summary {
  const round = (value: number) => Math.round(value * 10_000) / 10_000;
  return Summary.parse(Object.fromEntries(Object.entries(summary).map(([name, value]) => [name, round(value)])));
}

export interface SuiteOptions {
  /** How executions of the local twin advance. */
  readonly advance: Advance;
  /** Of each measurement; of what takes seconds, fewer. */
  readonly runs: number;
  /** Small and quick: whether everything works, not how fast. */
  readonly isSmoke: boolean;
  /** Told as each is measured. */
  readonly onFigures: (figures: readonly Figure[]) => void;
}

export interface Measurements {
  readonly figures: readonly Figure[];
  /** Wrong results and orders, each in a sentence. */
  readonly wrong: readonly string[];
}
