import type { Advance } from '../../../shared/model/config.ts';
import { type Figure, type Measurements, toFigure } from '../figures.ts';
import { runApart } from '../local/run-apart.ts';
import { workload } from '../workloads.ts';

export interface ReplayOptions {
  readonly file: string;
  /** A second of the recorded runtimes takes so many. */
  readonly timeScale: number;
  readonly runs: number;
  readonly advance: Advance;
}

/**
 * Replays an instance on the local twin: its tasks sleep as long as they took. Makespan, the critical path of the handlers'
 * own time, what the makespan has beyond it, and whether each task began once its parents had ended.
 * @throws {InstanceError | WorkloadError}
 */
export async function replayInstance({ file, timeScale, runs, advance }: ReplayOptions): Promise<Measurements> {
  const name = `wfcommons:${file}@${timeScale}`;
  const { units, graph } = workload(name);
  const { samples, wrong } = await runApart({ advance, kind: 'alone', workload: name, warmUps: 1, runs });
  const { latencyMs, criticalPathMs, overheadMs, floorMs } = samples;
  const title = `${file.split('/').at(-1)}, ${units} tasks, ${graph.reduce((sum, { parents }) => sum + parents.length, 0)} dependencies`;
  const figure = (what: string, some: readonly number[] | undefined, floor?: readonly number[]): Figure =>
    toFigure({ suite: 'local', workload: title, what, unit: 'ms', samples: some, floor });
  return {
    figures: [
      figure('makespan', latencyMs),
      figure('critical path of the handlers', criticalPathMs),
      figure('overhead', overheadMs, floorMs),
    ],
    wrong,
  };
}
