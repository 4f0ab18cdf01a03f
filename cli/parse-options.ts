import { InvalidArgumentError } from 'commander';
import { didYouMean } from '../shared/closest.ts';
import { ExecutionStatus } from '../shared/model/result.ts';

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;
const AGE = /^(\d+(?:\.\d+)?)(s|m|h|d|w)$/;
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** `--since 30m`, or a local date and time: milliseconds since the epoch. @throws {InvalidArgumentError} */
export function parseSince(value: string): number {
  const [, count, unit] = AGE.exec(value) ?? [];
  if (isUnit(unit)) return Date.now() - Number(count) * UNITS_MS[unit];
  // A date alone would be read as of UTC.
  const atMs = DATE.test(value) ? new Date(value.includes('T') ? value : `${value}T00:00`).getTime() : Number.NaN;
  if (Number.isNaN(atMs))
    throw new InvalidArgumentError(
      'Give an age, as in 30m, 2h or 7d, or a time, as in 2026-03-01 or 2026-03-01T14:00.',
    );
  return atMs;
}

const isUnit = (unit: string | undefined): unit is keyof typeof UNITS_MS => unit !== undefined && unit in UNITS_MS;

/** `--status failed`. @throws {InvalidArgumentError} */
export function parseStatus(value: string): ExecutionStatus {
  const parsed = ExecutionStatus.safeParse(value.toUpperCase().replaceAll('-', '_'));
  if (parsed.success) return parsed.data;
  const known = ExecutionStatus.options;
  throw new InvalidArgumentError(`${didYouMean(value, known).trimStart()} It is one of ${known.join(', ')}.`.trim());
}

/** `--limit 50`: a whole number from 1 on. @throws {InvalidArgumentError} */
export const parseCount =
  (max: number) =>
  (value: string): number => {
    const count = /^\d+$/.test(value) ? Number(value) : 0;
    if (count < 1 || count > max)
      throw new InvalidArgumentError(`Give a whole number from 1 to ${max.toLocaleString('en-US')}.`);
    return count;
  };
