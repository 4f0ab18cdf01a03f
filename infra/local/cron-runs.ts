import { Cron } from 'croner';
import { type CronExpression, type CronTerm, parseCron } from '../../shared/core/cron-expression.ts';
import { assertNever } from '../../shared/errors.ts';

const DAY_MS = 86_400_000;

/**
 * When a cron expression is due next, in milliseconds since the epoch; `undefined`: never again. As EventBridge Scheduler
 * does, it leaves out what the clocks pass over in spring, and takes once what comes twice in autumn.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 * @throws {ScheduleExpressionError}
 */
export function nextCronRun(text: string, timeZone: string, afterMs: number): number | undefined {
  const options = { timezone: 'UTC', mode: '7-part', alternativeWeekdays: true, paused: true } as const;
  const cron = new Cron(toPattern(parseCron(text)), options);
  // The wall clock, as if it was UTC's: which of its times there are is looked at here.
  let wallMs = afterMs + offsetMs(afterMs, timeZone) - 1_000;
  for (;;) {
    const next = cron.nextRun(new Date(wallMs));
    if (next === null) return undefined;
    wallMs = next.getTime();
    const atMs = firstInstant(wallMs, timeZone);
    if (atMs !== undefined && atMs > afterMs) return atMs;
  }
}

/** In croner's words: seconds first, every value of a range by itself. */
function toPattern({ minutes, hours, dayOfMonth, month, dayOfWeek, year }: CronExpression): string {
  const fields = [
    inWords(minutes, 0, 59),
    inWords(hours, 0, 23),
    inWords(dayOfMonth, 1, 31),
    inWords(month, 1, 12),
    inWords(dayOfWeek, 1, 7),
    inWords(year, 1970, 2199),
  ];
  return ['0', ...fields].join(' ');
}

const inWords = (terms: readonly CronTerm[], min: number, max: number): string =>
  terms.some(({ kind }) => kind === 'every') ? '*' : terms.map((term) => inWord(term, min, max)).join(',');

function inWord(term: CronTerm, min: number, max: number): string {
  switch (term.kind) {
    case 'every':
      return '*';
    case 'range': {
      const { from, to, step } = term;
      const span = max - min + 1;
      const length = ((to - from + span) % span) + 1;
      const values = Array.from({ length: Math.ceil(length / step) }, (_, n) => min + ((from - min + n * step) % span));
      return values.join(',');
    }
    case 'last-day':
      return 'L';
    case 'weekday':
      return `${term.day ?? 'L'}W`;
    case 'last-of-month':
      return `${term.weekday}#L`;
    case 'nth-of-month':
      return `${term.weekday}#${term.nth}`;
    default:
      return assertNever(term);
  }
}

/** The first time the wall clock shows this; `undefined`: it never does. */
function firstInstant(wallMs: number, timeZone: string): number | undefined {
  const offsets = [offsetMs(wallMs - DAY_MS, timeZone), offsetMs(wallMs + DAY_MS, timeZone)];
  const instants = offsets
    .map((offset) => wallMs - offset)
    .filter((atMs) => atMs + offsetMs(atMs, timeZone) === wallMs);
  return instants.length === 0 ? undefined : Math.min(...instants);
}

/** How far a zone's wall clock is ahead of UTC's. */
function offsetMs(atMs: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en', {
    ...{ timeZone, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  }).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((one) => one.type === type)?.value);
  const wallMs = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return wallMs - Math.floor(atMs / 1_000) * 1_000;
}
