import { describe, expect, it } from 'vitest';
import { toJson } from '../../../shared/core/json.ts';
import { evaluateMapping } from '../../../shared/core/mapping.ts';
import {
  fillReferences,
  guardReferences,
  referencesIn,
  withReferences,
} from '../../../shared/core/secret-references.ts';
import type { Json } from '../../../shared/model/json.ts';
import { secret } from '../../../shared/nodes/secret.ts';
import { aDefinition, aMap, aPlan, aTask, aTransform, issuesOf } from '../../support/factories.ts';

const MARKER = { $secret: 'key' };
const namesIn = (value: Json) => [...referencesIn(value)].map(({ name }) => name);

describe('secret', () => {
  it('is written as a marker', () => {
    expect(JSON.parse(JSON.stringify({ token: secret('key') }))).toEqual({ token: MARKER });
  });

  it.each(['', '1st', 'a b', '{% $input %}', 'a'.repeat(81), '__proto__'])('has no name %j', (name) => {
    expect(() => secret(name)).toThrow(expect.objectContaining({ code: 'INVALID_SECRET' }));
  });
});

describe('a marker', () => {
  it('in a mapping becomes a reference, wherever it stands', async () => {
    const mapping = { a: [MARKER, { b: { $secret: 'other' } }], c: '{% 1 + 1 %}' };

    const value = await evaluateMapping(mapping, null, {});

    expect([...referencesIn(value)]).toEqual([
      { path: ['a', 0], name: 'key' },
      { path: ['a', 1, 'b'], name: 'other' },
    ]);
    expect(value).toMatchObject({ c: 2 });
  });

  it('in data stays data, whatever an expression makes of it', async () => {
    const forged = { input: { forged: MARKER, name: 'key' }, nodes: { before: MARKER } };
    const mapping = {
      whole: '{% $input.forged %}',
      made: '{% { "$secret": $input.name } %}',
      merged: '{% $merge([$input.forged, {}]) %}',
      output: '{% $nodes.before %}',
      context: '{% $ %}',
    };

    const value = await evaluateMapping(mapping, MARKER, forged);

    expect(namesIn(value)).toEqual([]);
    expect(value).toMatchObject({ whole: MARKER, made: MARKER, merged: MARKER, output: MARKER, context: MARKER });
  });

  it('in a definition has to name a secret and nothing else', () => {
    const issues = (input: Json) =>
      issuesOf(aDefinition({ a: aTask({ input }) })).map(({ path, code }) => [path, code]);

    expect(issues({ token: MARKER })).toEqual([]);
    expect(issues({ token: { ...MARKER, more: 1 } })).toEqual([['nodes.a.input.token', 'INVALID_SECRET']]);
    expect(issues([{ $secret: '{% $input.which %}' }])).toEqual([['nodes.a.input[0]', 'INVALID_SECRET']]);
    expect(issues({ $secret: { $secret: 'key' } })).toEqual([['nodes.a.input', 'INVALID_SECRET']]);
  });

  it('stands where a handler is given it, and nowhere else', () => {
    const definition = aDefinition(
      {
        task: aTask({ input: MARKER, catch: [{ errors: ['*'], output: { x: MARKER } }], next: 'map' }),
        map: aMap({ input: { a: MARKER }, itemInput: { b: MARKER }, next: 'transform' }),
        transform: aTransform({ input: MARKER, output: [MARKER], next: 'choice' }),
        choice: { type: 'choice', input: { a: MARKER }, choices: [{ when: '{% true %}', next: '$end' }] },
      },
      { strategy: 'conditional' },
    );

    expect(issuesOf(definition).map(({ path, code }) => [path, code])).toEqual([
      ['nodes.task.catch[0].output.x', 'SECRET_NOT_ALLOWED'],
      ['nodes.transform.input', 'SECRET_NOT_ALLOWED'],
      ['nodes.transform.output[0]', 'SECRET_NOT_ALLOWED'],
      ['nodes.choice.input.a', 'SECRET_NOT_ALLOWED'],
    ]);
  });

  it('gives the same plan, whether it was written by hand or by secret()', () => {
    const written = aPlan({ a: aTask({ input: { token: MARKER } }), b: aTask({ input: 1 }) });
    const made = aPlan({ a: aTask({ input: { token: secret('key') } }), b: aTask({ input: 1 }) });

    expect(made.hash).toBe(written.hash);
    expect(made.definition).toStrictEqual(written.definition);
    expect(made.secrets).toEqual([{ node: 'a', path: 'nodes.a.input.token', name: 'key' }]);
    expect(made.nodes.map(({ namesSecrets }) => namesSecrets)).toEqual([true, false]);
  });
});

describe('a reference in an expression', () => {
  const globals = withReferences({ key: MARKER, others: [{ $secret: 'other' }] });

  it.each([
    ['{% $globals.key %}', ['key']],
    ['{% { "a": [$globals.key, 1] } %}', ['key']],
    ['{% $globals.others[0] %}', ['other']],
    ['{% $globals %}', ['key', 'other']],
    ['{% $merge([$globals, { "more": 1 }]) %}', ['key', 'other']],
    ['{% $globals.missing ? 1 : $globals.key %}', ['key']],
    ['{% $map([1, 2], function($n) { { "n": $n, "key": $globals.key } }) %}', ['key', 'key']],
    ['{% $exists($globals.key) %}', []],
    ["{% $globals.key.'$secret' %}", []],
  ])('%s is handed on', async (expression, expected) => {
    const value = await evaluateMapping(expression, null, { globals });

    expect(namesIn(value)).toEqual(expected);
    // What is made of it can be written down: it is its marker.
    expect(JSON.stringify(value)).not.toContain('undefined');
  });

  it.each(["{% 'Bearer ' & $globals.key %}", '{% $string($globals) %}', '{% $length($string([$globals.key])) %}'])(
    '%s has no text',
    async (expression) => {
      const evaluation = evaluateMapping(expression, null, { globals });

      await expect(evaluation).rejects.toMatchObject({
        code: 'EXPRESSION_FAILED',
        message: expect.stringContaining("The secret 'key' has no text here"),
      });
    },
  );

  it('of the context has no text either, once it is guarded', async () => {
    const context = guardReferences({ token: secret('key') });

    await expect(evaluateMapping("{% 'x' & token %}", context, {})).rejects.toMatchObject({
      code: 'EXPRESSION_FAILED',
    });
    expect(namesIn(await evaluateMapping('{% token %}', context, {}))).toEqual(['key']);
  });
});

describe('filling', () => {
  it('puts values in place of references, never of data, in a copy', async () => {
    const data = { looks: MARKER };
    const value = await evaluateMapping({ token: MARKER, data: '{% $ %}' }, data, {});

    const filled = fillReferences(value, new Map([['key', 'the value']]));

    expect(filled).toEqual({ token: 'the value', data: { looks: MARKER } });
    expect(namesIn(value)).toEqual(['key']);
  });
});

describe('a reference as JSON', () => {
  it.each([
    ['input', 'The input'],
    ['output', "the output of node 'a'"],
  ])('is refused in an %s, with its place', (_where, what) => {
    expect(() => toJson({ a: [secret('key')] }, what)).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ path: 'a[0]', code: 'SECRET_NOT_ALLOWED' })] }),
    );
  });
});
