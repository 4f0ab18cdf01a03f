import { describe, expect, it } from 'vitest';
import { CompiledDefinitions } from '../../../shared/executor/compiled-definitions.ts';

const aDefinition = (input: unknown = 1) => ({ name: 'one', nodes: { a: { handler: 'h', input } } });

describe('a definition that was compiled before', () => {
  it('is not compiled again, whoever made it', () => {
    const compiled = new CompiledDefinitions();

    const first = compiled.compile(aDefinition());

    expect(compiled.compile(aDefinition())).toBe(first);
  });

  it('is another one once it was changed', () => {
    const compiled = new CompiledDefinitions();
    const definition = aDefinition();
    const first = compiled.compile(definition);

    definition.nodes.a.input = 2;

    expect(compiled.compile(definition).hash).not.toBe(first.hash);
  });

  it('does not stand for one that has its text and is not JSON', () => {
    const compiled = new CompiledDefinitions();
    compiled.compile(aDefinition(null));

    expect(() => compiled.compile(aDefinition(Number.NaN))).toThrow('NaN');
  });

  it('is forgotten after a hundred others', () => {
    const compiled = new CompiledDefinitions();
    const first = compiled.compile(aDefinition(0));

    for (let other = 1; other <= 100; other++) compiled.compile(aDefinition(other));

    expect(compiled.compile(aDefinition(0))).not.toBe(first);
  });
});
