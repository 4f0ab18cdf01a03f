import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Logger } from '../../../shared/observability/logger.ts';
import { knownSecret, MIN_SECRET_LENGTH, Redactor } from '../../../shared/observability/redactor.ts';

const VALUE = 'pa/ss "wörd"\n>>>???7f3a9c51b2';
const redactor = new Redactor([knownSecret('key', VALUE), knownSecret('long', `${VALUE} and more of it`)]);
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a text', () => {
  it.each([
    ['the value', VALUE],
    ['its JSON', JSON.stringify({ token: VALUE })],
    ['its URI component', `https://api.test/?key=${encodeURIComponent(VALUE)}`],
    ['its form encoding', `${new URLSearchParams({ key: VALUE })}`],
    ['its base64', base64(VALUE)],
    ['its base64url', Buffer.from(VALUE).toString('base64url')],
    ['a header of basic authentication', `Basic ${base64(`user:${VALUE}`)}`],
    ['base64 with something before and behind', base64(`${'x'.repeat(4)}${VALUE}and on`)],
    ['a value that was cut short', VALUE.slice(0, 15)],
    ['one that a parser quotes', `Unexpected token 'p', "${VALUE.slice(0, 10)}"... is not valid JSON`],
  ])('with %s has its name in its place', (_form, text) => {
    const told = redactor.text(`before ${text} behind`);

    expect(told).toContain('[secret key]');
    expect(told).toMatch(/^before .* behind$/s);
    expect(told).not.toContain(VALUE.slice(0, 8));
  });

  it('with a secret that another one begins with names the longer one', () => {
    expect(redactor.text(`${VALUE} and more of it`)).toBe('[secret long]');
  });

  it('without a secret stays as it is', () => {
    expect(redactor.text('pa/ss and other words')).toBe('pa/ss and other words');
  });

  it('never holds a value, whatever stands around it', () => {
    const value = fc.string({ minLength: MIN_SECRET_LENGTH, maxLength: 60, unit: 'binary' });

    fc.assert(
      fc.property(value, fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (secret, before, behind) => {
        fc.pre(!'[secret key]'.includes(secret));
        const known = new Redactor([knownSecret('key', secret)]);
        // The label's own characters could begin or end another value.
        const around = `${before}${secret}${behind}`.replaceAll('[', '(');
        fc.pre(!secret.includes('['));

        expect(known.text(around)).not.toContain(secret);
        expect(Buffer.from(known.text(base64(around)), 'base64').toString()).not.toContain(secret);
        expect(known.find({ deep: [around] })).toMatchObject({ path: 'deep[0]', name: 'key' });
        expect(known.find([base64(around)])).toMatchObject({ name: 'key' });
      }),
    );
  });
});

describe('a value', () => {
  it.each([
    ['in a list', { list: ['a', VALUE] }, 'list[1]'],
    ['by itself', VALUE, ''],
    ['as a key, which is not told', { a: { [VALUE]: 1 } }, 'a.[secret key]'],
    ['encoded', { basic: base64(`user:${VALUE}`) }, 'basic'],
  ])('is found %s', (_where, output, path) => {
    expect(redactor.find(output)).toEqual({ path, name: 'key' });
  });

  it('of digits is found as a number, but not within one', () => {
    const pin = new Redactor([knownSecret('pin', '271828')]);

    expect(pin.find({ n: 271828 })).toEqual({ path: 'n', name: 'pin' });
    expect(pin.find({ n: 2718281 })).toBeUndefined();
    expect(pin.find({ text: '2718281' })).toEqual({ path: 'text', name: 'pin' });
  });
});

describe('a log line', () => {
  it('holds no value: not in its message, nor in fields, keys and errors', () => {
    const lines: string[] = [];
    const logger = new Logger({ write: (line) => lines.push(line) }).with({ nodeId: 'a' }, redactor);

    logger.error(`message ${VALUE}`, { [VALUE]: { deep: [VALUE, 1] }, error: new Error(VALUE), at: new Date(0) });

    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      message: 'message [secret key]',
      nodeId: 'a',
      '[secret key]': { deep: ['[secret key]', 1] },
      error: { name: 'Error', message: '[secret key]', stack: expect.stringContaining('[secret key]') },
      at: '1970-01-01T00:00:00.000Z',
    });
    expect(lines[0]).not.toContain(VALUE.slice(0, 5));
  });

  it('of a logger made from it holds none either', () => {
    const lines: string[] = [];
    const logger = new Logger({ write: (line) => lines.push(line) }).with({}, redactor).with({ more: VALUE });

    logger.warn('x');

    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ more: '[secret key]' });
  });
});
