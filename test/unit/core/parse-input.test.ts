import { describe, expect, it } from 'vitest';
import { parseInput } from '../../../shared/core/parse-input.ts';
import { StartRequest } from '../../../shared/executor/start-request.ts';

const parse = (json: string) => parseInput(StartRequest, JSON.parse(json), 'The start request');

describe('a key __proto__', () => {
  it.each(['tags', 'globals', 'searchAttributes'])('is refused where it would be lost: in %s', (field) => {
    expect(() => parse(`{ "workflow": "orders", "${field}": { "__proto__": "x" } }`)).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        issues: [expect.objectContaining({ path: `${field}.__proto__` })],
      }),
    );
  });

  it('is kept where it is data', () => {
    const { input } = parse('{ "workflow": "orders", "input": { "__proto__": { "a": 1 } } }');

    expect(JSON.stringify(input)).toBe('{"__proto__":{"a":1}}');
  });
});
