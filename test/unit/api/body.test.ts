import { describe, expect, it } from 'vitest';
import { parseBody } from '../../../functions/api/body.ts';
import type { FanjoinError } from '../../../shared/errors.ts';

const parse = (text: string, contentType = 'application/json') =>
  parseBody({ text, isBase64Encoded: false, contentType });
const codeOf = (text: string, contentType?: string): string => {
  try {
    parse(text, contentType);
    return 'taken';
  } catch (error) {
    return (error as FanjoinError).code;
  }
};

describe('the body of a request', () => {
  it('is JSON, also in base64, or is not there', () => {
    expect(parse('{"a":[1,{"b":"\\"{"}]}')).toEqual({ a: [1, { b: '"{' }] });
    expect(parseBody({ text: btoa('{"a":1}'), isBase64Encoded: true, contentType: undefined })).toEqual({ a: 1 });
    expect(parse(' \n')).toBeUndefined();
    expect(parseBody({ text: undefined, isBase64Encoded: false, contentType: 'text/plain' })).toBeUndefined();
  });

  it.each([
    ['cut off', '{"a":', 'MALFORMED_JSON'],
    ['no JSON at all', 'nonsense', 'MALFORMED_JSON'],
    ['followed by more', '{"a":1}trailing', 'MALFORMED_JSON'],
    ['with a key that stands twice', '{"a":1,"b":{"a":2},"a":3}', 'DUPLICATE_KEY'],
    ['with a key that stands twice, once escaped', '{"a":1,"\\u0061":3}', 'DUPLICATE_KEY'],
    ['with a key in two objects', '[{"a":1},{"a":2}]', 'taken'],
    ['with a key that is a value too', '{"a":"b","b":"a"}', 'taken'],
    ['with a number that is none any more once it is read', '{"a":[1,-1e999]}', 'NOT_JSON'],
    [
      'with the largest number there is, and text that only looks like one',
      '[1.7976931348623157e308,"1e999"]',
      'taken',
    ],
    ['too large', `{"a":"${'x'.repeat(5_500_001)}"}`, 'REQUEST_TOO_LARGE'],
    ['as deep as may be', '['.repeat(201) + ']'.repeat(201), 'taken'],
    ['deeper', '['.repeat(202) + ']'.repeat(202), 'NOT_JSON'],
    ['deeper than the stack', '['.repeat(500_000) + ']'.repeat(500_000), 'NOT_JSON'],
    ['deep and cut off', '{"a":'.repeat(500_000), 'MALFORMED_JSON'],
  ])('that is %s', (_what, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it.each([
    ['application/json', 'taken'],
    ['application/json; charset=utf-8', 'taken'],
    ['application/problem+json', 'taken'],
    ['Application/JSON', 'taken'],
    ['text/plain;charset=UTF-8', 'UNSUPPORTED_MEDIA_TYPE'],
    ['application/x-www-form-urlencoded', 'UNSUPPORTED_MEDIA_TYPE'],
    ['application/jsonx', 'UNSUPPORTED_MEDIA_TYPE'],
    ['multipart/form-data; boundary=application/json', 'UNSUPPORTED_MEDIA_TYPE'],
  ])('declared as %s: %s', (contentType, code) => {
    expect(codeOf('{}', contentType)).toBe(code);
  });
});
