import { didYouMean } from '../closest.ts';
import { FanjoinError } from '../errors.ts';

/** What a field of a cron expression may be, in the order of the fields. */
interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Words for values, from `min` on. */
  readonly words?: readonly string[];
}

const MINUTES: Field = { name: 'minutes', min: 0, max: 59 };
const HOURS: Field = { name: 'hours', min: 0, max: 23 };
const DAY_OF_MONTH: Field = { name: 'day of month', min: 1, max: 31 };
const MONTH: Field = {
  name: 'month',
  min: 1,
  max: 12,
  words: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
};
const DAY_OF_WEEK: Field = {
  name: 'day of week',
  min: 1,
  max: 7,
  words: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
};
const YEAR: Field = { name: 'year', min: 1970, max: 2199 };
const FIELDS = [MINUTES, HOURS, DAY_OF_MONTH, MONTH, DAY_OF_WEEK, YEAR] as const;

/** One part of a field's list. Days of the week count from 1, Sunday. */
export type CronTerm =
  | { readonly kind: 'every' }
  /** Every `step`-th value of a range; a range that ends before it begins goes round. */
  | { readonly kind: 'range'; readonly from: number; readonly to: number; readonly step: number }
  /** The last day of the month. */
  | { readonly kind: 'last-day' }
  /** The weekday nearest to a day of the month, within it; `undefined`: to its last day. */
  | { readonly kind: 'weekday'; readonly day: number | undefined }
  /** The last of its kind in the month. */
  | { readonly kind: 'last-of-month'; readonly weekday: number }
  | { readonly kind: 'nth-of-month'; readonly weekday: number; readonly nth: number };

/** A cron expression by its fields; those of the day exclude each other: one of them is `every`. */
export interface CronExpression {
  readonly minutes: readonly CronTerm[];
  readonly hours: readonly CronTerm[];
  readonly dayOfMonth: readonly CronTerm[];
  readonly month: readonly CronTerm[];
  readonly dayOfWeek: readonly CronTerm[];
  readonly year: readonly CronTerm[];
}

/** A schedule that EventBridge Scheduler would refuse. */
export class ScheduleExpressionError extends FanjoinError {
  override readonly name = 'ScheduleExpressionError';
  constructor(problem: string) {
    super('INVALID_SCHEDULE', problem);
  }
}

/**
 * A cron expression as AWS has it: six fields, `?` for the one of the two days that is left open.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
 * @throws {ScheduleExpressionError}
 */
export function parseCron(text: string): CronExpression {
  const wrapped = /^\s*cron\((.*)\)\s*$/.exec(text)?.[1];
  if (wrapped !== undefined) throw new ScheduleExpressionError(`is written without cron(…) around it: ${wrapped}`);
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) throw wrongCount(fields);
  const [minutes = '', hours = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = fields;
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw new ScheduleExpressionError(
      `needs a ? for the day of month or for the day of week, and only for one of them: '${dayOfMonth}' and '${dayOfWeek}'`,
    );
  }
  return {
    minutes: parseField(minutes, MINUTES),
    hours: parseField(hours, HOURS),
    dayOfMonth: parseField(dayOfMonth, DAY_OF_MONTH),
    month: parseField(month, MONTH),
    dayOfWeek: parseField(dayOfWeek, DAY_OF_WEEK),
    year: parseField(year, YEAR),
  };
}

function wrongCount(fields: readonly string[]): ScheduleExpressionError {
  const [minutes, hours, dayOfMonth, month, dayOfWeek] = fields;
  const isUnix = fields.length === 5;
  const days = dayOfWeek === '*' ? `${dayOfMonth} ${month} ?` : `? ${month} ${dayOfWeek}`;
  const hint = isUnix ? `; perhaps '${minutes} ${hours} ${days} *' (days of the week count from 1, Sunday)` : '';
  return new ScheduleExpressionError(
    `has ${fields.length} fields, and needs six: minutes, hours, day of month, month, day of week, year${hint}`,
  );
}

function parseField(text: string, field: Field): readonly CronTerm[] {
  if (text === '?') {
    if (field !== DAY_OF_MONTH && field !== DAY_OF_WEEK) throw problemOf(field, text, 'only a day may be ?');
    return [{ kind: 'every' }];
  }
  return text.split(',').map((term) => parseTerm(term, field));
}

function parseTerm(term: string, field: Field): CronTerm {
  if (term === '*') return { kind: 'every' };
  return parseDay(term, field) ?? parseRange(term, field);
}

/** What only one of the days may be; `undefined`: it is nothing of that kind. */
function parseDay(term: string, field: Field): CronTerm | undefined {
  if (field === DAY_OF_MONTH) {
    if (term === 'L') return { kind: 'last-day' };
    const [, near] = /^(\w+)W$/.exec(term) ?? [];
    if (near !== undefined) return { kind: 'weekday', day: near === 'L' ? undefined : readValue(near, field, term) };
  }
  if (field === DAY_OF_WEEK) {
    if (term === 'L') return { kind: 'range', from: 7, to: 7, step: 1 };
    const [, last] = /^(\w+)L$/.exec(term) ?? [];
    if (last !== undefined) return { kind: 'last-of-month', weekday: readValue(last, field, term) };
    const [, weekday, nth] = /^(\w+)#(\d+)$/.exec(term) ?? [];
    if (weekday !== undefined) {
      if (Number(nth) < 1 || Number(nth) > 5)
        throw problemOf(field, term, 'a month has the first to the fifth, 1 to 5');
      return { kind: 'nth-of-month', weekday: readValue(weekday, field, term), nth: Number(nth) };
    }
  }
  return undefined;
}

function parseRange(term: string, field: Field): CronTerm {
  const [, range = '', step] = /^([^/]*)(?:\/(\d+))?$/.exec(term) ?? [];
  const [from = '', to, ...more] = range.split('-');
  if (from === '' || more.length > 0) throw problemOf(field, term, 'it is neither a value, a range nor a step');
  if (step !== undefined && Number(step) === 0) throw problemOf(field, term, 'a step is 1 or more');
  if (from === '*' && to === undefined)
    return { kind: 'range', from: field.min, to: field.max, step: Number(step ?? 1) };
  const first = readValue(from, field, term);
  const last = to !== undefined ? readValue(to, field, term) : step !== undefined ? field.max : first;
  if (field === YEAR && last < first) throw problemOf(field, term, 'it ends before it begins');
  return { kind: 'range', from: first, to: last, step: Number(step ?? 1) };
}

function readValue(text: string, field: Field, term: string): number {
  const { min, max, words = [] } = field;
  const word = words.indexOf(text.toUpperCase());
  const value = /^\d{1,4}$/.test(text) ? Number(text) : word < 0 ? Number.NaN : min + word;
  if (value >= min && value <= max) return value;
  const or = words.length === 0 ? '' : ` or ${words[0]} to ${words.at(-1)}`;
  throw problemOf(field, term, `${min} to ${max}${or} can stand there.${didYouMean(text, words)}`);
}

const problemOf = (field: Field, term: string, problem: string): ScheduleExpressionError =>
  new ScheduleExpressionError(`has '${term}' for the ${field.name}: ${problem}`);

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Milliseconds of `5 minutes`, `1 hour`, `7 days`, as AWS writes rates.
 * @throws {ScheduleExpressionError}
 */
export function parseRate(text: string): number {
  const wrapped = /^\s*rate\((.*)\)\s*$/.exec(text)?.[1];
  if (wrapped !== undefined) throw new ScheduleExpressionError(`is written without rate(…) around it: ${wrapped}`);
  const [, count = '', unit = '', plural] = /^(\d{1,9}) (\w+?)(s?)$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined || Number(count) === 0)
    throw new ScheduleExpressionError(`is no rate: '${text}'. Write a count and minutes, hours or days: 5 minutes`);
  if ((Number(count) === 1) !== (plural === ''))
    throw new ScheduleExpressionError(`is no rate to AWS: '${text}'. Write 1 ${unit}, or 2 ${unit}s and more`);
  return Number(count) * unitMs;
}

/**
 * Sees that a time zone is one of IANA's.
 * @throws {ScheduleExpressionError}
 */
export function checkTimeZone(name: string): void {
  // What begins so is an offset: known here, and not to AWS.
  if (!/^[+-]/.test(name)) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: name });
      return;
    } catch {
      // Told below.
    }
  }
  const hint = didYouMean(name, Intl.supportedValuesOf('timeZone'));
  throw new ScheduleExpressionError(`is no time zone: '${name}'. IANA's names are taken, as Europe/Berlin.${hint}`);
}
