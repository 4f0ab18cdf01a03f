import type { Advance } from '../../../shared/model/config.ts';
import { predictions } from '../../simulation/predict.ts';
import { type Figure, type Measurements, type SuiteOptions, toFigure } from '../figures.ts';

const MODES: readonly Advance[] = ['stream', 'eager'];
const SMOKE_SHAPES = 2;

/** The simulator's prediction for AWS, on warm instances, without the handlers' own time. No measurement. */
export async function measureModel({ runs, isSmoke, onFigures }: SuiteOptions): Promise<Measurements> {
  const figures: Figure[] = [];
  for (const advance of MODES) {
    let shapes = 0;
    for await (const { name, handlersMs, tookMs, median } of predictions({ advance, isWarm: true, runs })) {
      const common = { suite: 'model', who: advance, workload: name } as const;
      const { writes, reads, queue, invocations, coldStarts, dollars } = median;
      const some = [
        toFigure({
          ...common,
          what: 'predicted overhead',
          unit: 'ms',
          samples: tookMs.map((ms) => ms - handlersMs),
          note: `the handlers' own ${handlersMs} ms are not in it; ${coldStarts} cold starts in the median run`,
        }),
        toFigure({
          ...common,
          what: 'predicted cost',
          unit: 'USD a million',
          samples: [dollars * 1e6],
          note: `${writes} KB written, ${reads} reads of 4 KB, ${queue} queue requests, ${invocations} invocations; with the handlers' time`,
        }),
      ];
      figures.push(...some);
      onFigures(some);
      if (isSmoke && ++shapes === SMOKE_SHAPES) break;
    }
  }
  return { figures, wrong: [] };
}
