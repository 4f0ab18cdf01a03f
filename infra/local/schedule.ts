import { FanjoinError } from '../../shared/errors.ts';
import type { LocalFunction } from './local-function.ts';

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Milliseconds of `rate(1 minute)`. */
export function rateMs(expression: string): number {
  const [, count = '', unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined) throw new FanjoinError('UNKNOWN_PROPERTY', `Not a rate: ${expression}`);
  return Number(count) * unitMs;
}

/** Invokes a function at a rate, the first time after one interval. Gives what ends it. */
export function startSchedule(expression: string, target: LocalFunction): () => void {
  const timer = setInterval(
    () =>
      void target.invoke({ source: 'aws.events', 'detail-type': 'Scheduled Event', time: new Date().toISOString() }),
    rateMs(expression),
  );
  return () => clearInterval(timer);
}
