import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toJson } from '../../shared/core/json.ts';
import { parseGivenFields } from '../../shared/core/parse-given-fields.ts';
import { Definition } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import { definitions, hostileDefinitions } from '../hostile/definition-trials.ts';
import { aDefinition, aMap, aTask, aTransform } from '../support/factories.ts';

/** As text: the order of the fields counts in states and hashes. */
const bySchema = (json: Json): string | undefined => textOf(Definition.safeParse(json).data);
const textOf = (definition: Definition | undefined) => JSON.stringify(definition);

describe('a definition that is parsed by the fields it gives', () => {
  it.each([
    ['a task', aTask()],
    ['a task that says so', { ...aTask(), type: 'task' }],
    ['a map', aMap({ chunkSize: 2 })],
    ['a transform', aTransform()],
    ['a choice', { type: 'choice', choices: [{ when: '{% true %}', next: '$end' }] }],
    ['a policy with defaults', aTask({ retry: {}, cache: {} })],
  ])('is, of %s, what the schema makes of it', (_what, node) => {
    const json = toJson(aDefinition({ a: aTask(), b: node }), 'it');

    const parsed = parseGivenFields(json);

    expect(parsed).toBeDefined();
    expect(textOf(parsed)).toBe(bySchema(json));
  });

  it.each([
    ['no handler', { type: 'task' }],
    ['a field of another kind', { type: 'transform', output: 1, handler: 'work' }],
    ['a kind that there is not', { type: 'constructor', handler: 'work' }],
    ['a wrong value', { handler: 'work', timeoutSeconds: -1 }],
    ['no fields', []],
  ])('is left to the schema where a node has %s', (_what, node) => {
    const json = toJson({ name: 'w', nodes: { a: node } }, 'it');

    const parsed = parseGivenFields(json);

    expect(parsed).toBeUndefined();
    expect(bySchema(json)).toBeUndefined();
  });

  it('is never other than what the schema makes of it', () => {
    fc.assert(
      fc.property(fc.oneof(definitions, hostileDefinitions), (source) => {
        const json = jsonOf(source);

        const parsed = parseGivenFields(json);

        if (parsed !== undefined) expect(textOf(parsed)).toBe(bySchema(json));
      }),
      { numRuns: 1_000 },
    );
  });
});

function jsonOf(source: unknown): Json {
  try {
    return toJson(source, 'it', 'write');
  } catch {
    return null;
  }
}
