import { describe, expect, it } from 'vitest';
import { checkTimeZone, parseCron, parseRate } from '../../../shared/core/cron-expression.ts';

describe('a cron expression', () => {
  it.each([
    '0 2 * * ? *',
    '0/15 8-17 ? * MON-FRI 2026-2030',
    '30 9 L * ? *',
    '0 10 LW * ? *',
    '0 10 15W JAN,jul ? *',
    '0 10 ? * 6L *',
    '0 10 ? * FRIL *',
    '0 10 ? * TUE#2 *',
    '0 10 ? * L *',
    '*/10 22-2 ? * FRI-MON *',
    '5/20,50 0 1,15 */3 ? 2027',
  ])('may be %s', (text) => {
    expect(() => parseCron(text)).not.toThrow();
  });

  it.each([
    ['0 2 * * *', /has 5 fields, and needs six: .* perhaps '0 2 \* \* \? \*'/],
    ['0 2 * * 1', /perhaps '0 2 \? \* 1 \*' \(days of the week count from 1, Sunday\)/],
    ['', /has 1 fields/],
    ['cron(0 2 * * ? *)', /without cron\(…\) around it: 0 2 \* \* \? \*/],
    ['0 2 * * * *', /needs a \? for the day of month or for the day of week/],
    ['0 2 ? * ? *', /only for one of them: '\?' and '\?'/],
    ['60 2 * * ? *', /'60' for the minutes: 0 to 59 can stand there/],
    ['0 24 * * ? *', /'24' for the hours: 0 to 23/],
    ['? 2 * * ? *', /'\?' for the minutes: only a day may be \?/],
    ['0 2 0 * ? *', /'0' for the day of month: 1 to 31/],
    ['0 2 L-3 * ? *', /'L-3' for the day of month: 1 to 31/],
    ['0 2 32W * ? *', /'32W' for the day of month/],
    ['0 2 * 13 ? *', /'13' for the month: 1 to 12 or JAN to DEC/],
    ['0 2 * JUNE ? *', /'JUNE' for the month: .* Did you mean 'JUN'\?/],
    ['0 2 ? * 0 *', /'0' for the day of week: 1 to 7 or SUN to SAT/],
    ['0 2 ? * 8L *', /'8L' for the day of week/],
    ['0 2 ? * MON#6 *', /'MON#6' for the day of week: a month has the first to the fifth/],
    ['0 2 * * ? 1969', /'1969' for the year: 1970 to 2199/],
    ['0 2 * * ? 2030-2026', /it ends before it begins/],
    ['*/0 2 * * ? *', /a step is 1 or more/],
    ['1-2-3 2 * * ? *', /neither a value, a range nor a step/],
    ['1, 2 * * ? *', /'' for the minutes/],
    ['-5 2 * * ? *', /'-5' for the minutes/],
    ['1e1 2 * * ? *', /'1e1' for the minutes/],
  ])('is not %j', (text, message) => {
    expect(() => parseCron(text)).toThrow(message);
  });
});

describe('a rate', () => {
  it.each([
    ['1 minute', 60_000],
    ['5 minutes', 300_000],
    ['1 hour', 3_600_000],
    ['7 days', 604_800_000],
  ])('%s', (text, expected) => {
    expect(parseRate(text)).toBe(expected);
  });

  it.each([
    ['5 minute', /Write 1 minute, or 2 minutes and more/],
    ['1 hours', /Write 1 hour, or/],
    ['0 minutes', /is no rate: '0 minutes'/],
    ['30 seconds', /minutes, hours or days/],
    ['rate(5 minutes)', /without rate\(…\) around it: 5 minutes/],
    ['-1 minute', /is no rate/],
    ['', /is no rate/],
  ])('is not %j', (text, message) => {
    expect(() => parseRate(text)).toThrow(message);
  });
});

describe('a time zone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Calcutta'])('may be %s', (name) => {
    expect(() => checkTimeZone(name)).not.toThrow();
  });

  it.each([
    ['Europe/Berln', /is no time zone: 'Europe\/Berln'.* Did you mean 'Europe\/Berlin'\?/],
    ['+02:00', /is no time zone/],
    ['', /is no time zone/],
  ])('is not %j', (name, message) => {
    expect(() => checkTimeZone(name)).toThrow(message);
  });
});
