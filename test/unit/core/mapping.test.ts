import { describe, expect, it } from 'vitest';
import { evaluateCondition, evaluateMapping } from '../../../shared/core/mapping.ts';
import type { Json } from '../../../shared/model/json.ts';

describe('a mapping', () => {
  it('replaces its expressions, wherever they stand, and keeps the rest', async () => {
    const mapping = { a: '{% x %}', b: ['{% y %}', 'y', { c: '{% $ %}' }], d: '{x}', e: 'say {% x %}', f: null, g: 1 };

    expect(await evaluateMapping(mapping, { x: 1, y: [2] }, {})).toEqual({
      a: 1,
      b: [[2], 'y', { c: { x: 1, y: [2] } }],
      d: '{x}',
      e: 'say {% x %}',
      f: null,
      g: 1,
    });
  });

  it('fails where an expression gives nothing: a misspelt name would become a silent null', async () => {
    await expect(evaluateMapping({ a: ['{% missing %}'] }, {}, {})).rejects.toMatchObject({
      code: 'EXPRESSION_UNDEFINED',
    });
  });

  it('may say what to use instead', async () => {
    expect(await evaluateMapping('{% missing ?: "none" %}', {}, {})).toBe('none');
  });

  it('takes a null that is there for a value', async () => {
    expect(await evaluateMapping('{% here %}', { here: null }, {})).toBeNull();
  });

  it('keeps keys that objects inherit as data', async () => {
    const mapping: Json = JSON.parse('{"__proto__": "{% 1 %}", "constructor": "{% 2 %}"}');

    expect(JSON.stringify(await evaluateMapping(mapping, null, {}))).toBe('{"__proto__":1,"constructor":2}');
  });

  it.each<[string, boolean]>([
    ['true', true],
    ['false', false],
    ['missing', false],
    ['null', false],
    ['0', false],
    ['""', false],
    ['"a"', true],
    ['[]', false],
    ['[0, false]', false],
    ['[0, 1]', true],
    ['[[0]]', false],
    ['{}', false],
    ['{"a": false}', true],
  ])('as a condition %s is %s', async (text, isTrue) => {
    expect(await evaluateCondition(`{% ${text} %}`, {}, {})).toBe(isTrue);
  });
});
