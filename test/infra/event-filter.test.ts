import { describe, expect, it } from 'vitest';
import { compileFilters } from '../../infra/local/event-filter.ts';

const filter = (...patterns: unknown[]) => compileFilters(patterns.map((pattern) => JSON.stringify(pattern)));

describe('event filters', () => {
  it('keep everything when there is none', () => {
    expect(filter()({ any: 'record' })).toBe(true);
  });

  it('keep what any pattern matches, and a pattern matches when all its parts do', () => {
    const isKept = filter({ a: ['1'], b: ['2'] }, { c: ['3'] });

    expect(isKept({ a: '1', b: '2' })).toBe(true);
    expect(isKept({ a: '1', b: 'x' })).toBe(false);
    expect(isKept({ a: 'x', c: '3' })).toBe(true);
    expect(isKept({})).toBe(false);
  });

  it('never take a number for text', () => {
    expect(filter({ n: ['1'] })({ n: 1 })).toBe(false);
    expect(filter({ n: [1] })({ n: '1' })).toBe(false);
    expect(filter({ n: [1] })({ n: 1 })).toBe(true);
  });

  it('look into nested objects, and miss what is not there', () => {
    const isKept = filter({ a: { b: { c: ['x', 'y'] } } });

    expect(isKept({ a: { b: { c: 'y' } } })).toBe(true);
    expect(isKept({ a: { b: 'c' } })).toBe(false);
    expect(isKept({ a: null })).toBe(false);
  });

  it.each<[rule: unknown, kept: unknown[], dropped: unknown[]]>([
    [{ exists: true }, ['x', 0, null], [undefined, { nested: 1 }]],
    [{ exists: false }, [undefined, { nested: 1 }], ['x', null]],
    [{ prefix: 'RES' }, ['RESULT'], ['META', 7]],
    [{ suffix: 'LT' }, ['RESULT'], ['META']],
    [{ 'equals-ignore-case': 'Meta' }, ['META', 'meta'], ['MET']],
    [{ 'anything-but': ['a', 1] }, ['b', 2], ['a', 1, undefined]],
    [{ numeric: ['>', 1, '<=', 3] }, [2, 3], [1, 4, '2']],
    [{ numeric: ['=', 1] }, [1], [2, '1']],
  ])('%j', (rule, kept, dropped) => {
    const isKept = filter({ value: [rule] });

    expect(kept.filter((value) => !isKept({ value }))).toEqual([]);
    expect(dropped.filter((value) => isKept({ value }))).toEqual([]);
  });

  it('know $or', () => {
    const isKept = filter({ $or: [{ a: ['1'] }, { b: ['1'] }], c: ['1'] });

    expect(isKept({ b: '1', c: '1' })).toBe(true);
    expect(isKept({ b: '1' })).toBe(false);
  });

  it('refuse what they do not know', () => {
    expect(() => filter({ a: [{ cidr: '10.0.0.0/8' }] })).toThrow(/a\[0\] is no comparison known here.*"cidr"/);
    expect(() => filter({ a: 'x' })).toThrow(/a must be a list/);
  });
});
