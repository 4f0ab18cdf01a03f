import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../shared/core/event-pattern.ts';

const matches = (pattern: unknown) => compilePattern(pattern, 'eventbridge');

describe('patterns of an event bus', () => {
  it('look at the envelope and into the detail, all parts together', () => {
    const isWanted = matches({ source: ['fanjoin'], 'detail-type': ['A', 'B'], detail: { error: { name: ['E'] } } });
    const event = { source: 'fanjoin', 'detail-type': 'B', detail: { error: { name: 'E' } } };

    expect(isWanted(event)).toBe(true);
    expect(isWanted({ ...event, source: 'other' })).toBe(false);
    expect(isWanted({ ...event, detail: {} })).toBe(false);
  });

  it.each<[rule: unknown, wanted: unknown[], others: unknown[]]>([
    ['x', ['x', ['y', 'x']], ['X', ['y'], [], undefined]],
    ['', [''], [null, undefined, 'x']],
    [null, [null], ['', 'null', undefined]],
    [300, [300], ['300', 301]],
    [true, [true], ['true', false]],
    [{ prefix: 'eu-' }, ['eu-west-1', ['us', 'eu-west-1']], ['us-eu-', 1]],
    [{ prefix: { 'equals-ignore-case': 'EU-' } }, ['eu-west-1', 'Eu-'], ['us-eu-']],
    [{ suffix: '.png' }, ['a.png'], ['a.PNG', '.png.']],
    [{ suffix: { 'equals-ignore-case': '.png' } }, ['a.PNG'], ['.png.']],
    [{ 'equals-ignore-case': 'alice' }, ['Alice'], ['alice ']],
    [{ wildcard: 'dir/*.png' }, ['dir/a.png', 'dir/.png', 'dir/sub/\n.png'], ['dir/apng', 'a/dir/a.png']],
    [{ wildcard: 'a\\*\\\\*' }, ['a*\\', 'a*\\b'], ['ab\\', 'a*']],
    [{ cidr: '10.0.0.0/24' }, ['10.0.0.255'], ['10.0.1.0', 'no address', '::1']],
    [{ cidr: '2001:db8::/32' }, ['2001:db8::1'], ['2001:db9::1', '10.0.0.1']],
    [{ numeric: ['>', 0, '<=', 5] }, [1, 5, [9, 5]], [0, 6, '3']],
    [{ numeric: ['=', -1.5] }, [-1.5], [1.5]],
    [{ exists: true }, ['', null, 0, [1]], [undefined, {}, [], { a: 1 }]],
    [{ exists: false }, [undefined, {}, []], ['', null, [1]]],
    [{ 'anything-but': 'x' }, ['y', 1, ['x', 'y']], ['x', undefined, ['x']]],
    [{ 'anything-but': ['x', 1] }, ['1', 'y'], ['x', 1]],
    [{ 'anything-but': { prefix: 'init' } }, ['done'], ['initial', undefined]],
    [{ 'anything-but': { suffix: ['.png', '.jpg'] } }, ['a.gif'], ['a.png', 'a.jpg']],
    [{ 'anything-but': { 'equals-ignore-case': 'x' } }, ['y'], ['X']],
    [{ 'anything-but': { wildcard: '*/lib/*' } }, ['/src/a'], ['/a/lib/b']],
  ])('%j', (rule, wanted, others) => {
    const isWanted = matches({ detail: { value: [rule] } });

    expect(wanted.filter((value) => !isWanted({ detail: { value } }))).toEqual([]);
    expect(others.filter((value) => isWanted({ detail: { value } }))).toEqual([]);
  });

  it('of objects in a list, ask for one that matches all by itself', () => {
    const isWanted = matches({ detail: { parts: { kind: ['a'], size: [{ numeric: ['>', 1] }] } } });

    expect(isWanted({ detail: { parts: [{ kind: 'b' }, { kind: 'a', size: 2 }] } })).toBe(true);
    expect(
      isWanted({
        detail: {
          parts: [
            { kind: 'a', size: 1 },
            { kind: 'b', size: 2 },
          ],
        },
      }),
    ).toBe(false);
  });

  it('know $or at any depth', () => {
    const isWanted = matches({ detail: { $or: [{ a: [1] }, { b: { c: [1] } }], d: [{ exists: true }] } });

    expect(isWanted({ detail: { b: { c: 1 }, d: 0 } })).toBe(true);
    expect(isWanted({ detail: { b: { c: 1 } } })).toBe(false);
  });

  it.each([
    [{ source: 'x' }, /source must be a list of what the value may be: \["x"\]/],
    [{ source: [] }, /source is an empty list/],
    [{ detail: {} }, /detail is an empty object/],
    [['x'], /must be an object/],
    [{ source: [{ prefix: 'x', suffix: 'y' }] }, /is no comparison known/],
    [{ source: [{ matches: 'x' }] }, /source\[0\] is no comparison known here.*"matches"/],
    [{ source: [{ cidr: '10.0.0.0' }] }, /is no comparison.*"cidr"/],
    [{ source: [{ numeric: ['!=', 1] }] }, /is no comparison known/],
  ])('refuse %j', (pattern, message) => {
    expect(() => matches(pattern)).toThrow(message);
  });

  it('take time in proportion to the text, however many wildcards there are', () => {
    const isWanted = matches({ detail: { value: [{ wildcard: `${'*a'.repeat(100)}*b` }] } });

    expect(isWanted({ detail: { value: 'a'.repeat(100_000) } })).toBe(false);
    expect(isWanted({ detail: { value: `${'a'.repeat(100)}b` } })).toBe(true);
    expect(isWanted({ detail: { value: `${'a'.repeat(99)}b` } })).toBe(false);
  });

  it('have comparisons that event sources of Lambda do not know', () => {
    expect(() => compilePattern({ a: [{ wildcard: '*' }] }, 'lambda')).toThrow(/is no comparison.*"wildcard"/);
  });
});
