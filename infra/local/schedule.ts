import { FanjoinError } from '../../shared/errors.ts';
import { type BusEvent, toBusEvent } from './bus-event.ts';

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Milliseconds of `rate(1 minute)`. */
function rateMs(expression: string): number {
  const [, count = '', unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined) throw new FanjoinError('UNKNOWN_PROPERTY', `Not a rate: ${expression}`);
  return Number(count) * unitMs;
}

/** Makes an event at a rate, the first one after one interval. Gives what ends it. */
export function startSchedule(expression: string, ruleArn: string, onEvent: (event: BusEvent) => void): () => void {
  const timer = setInterval(
    () =>
      onEvent(
        toBusEvent({
          source: 'aws.events',
          'detail-type': 'Scheduled Event',
          resources: [ruleArn],
          detail: {},
          atMs: Date.now(),
        }),
      ),
    rateMs(expression),
  );
  return () => clearInterval(timer);
}
