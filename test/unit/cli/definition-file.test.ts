import { describe, expect, it } from 'vitest';
import { DefinitionFileError, parseDefinitionFile } from '../../../shared/nodes/definition-file.ts';

function issuesOf(text: string) {
  try {
    parseDefinitionFile(text, 'workflow.yaml');
  } catch (error) {
    if (error instanceof DefinitionFileError) return error.issues;
    throw error;
  }
  throw new Error('the file is valid');
}

describe('a definition file', () => {
  it('may be YAML or JSON, with tabs too', () => {
    expect(parseDefinitionFile('name: a\nnodes: {}\n', 'w.yaml').value).toEqual({ name: 'a', nodes: {} });
    expect(
      parseDefinitionFile('{\n\t"name": "a",\n\t"nodes": {\n\t\t"x": [1, null, true]\n\t}\n}\n', 'w.json').value,
    ).toEqual({ name: 'a', nodes: { x: [1, null, true] } });
  });

  it('with a node id twice is refused, with the line and column of the second', () => {
    const yaml = issuesOf('name: a\nnodes:\n  ship: { handler: x }\n  ship: { handler: y }\n');
    const json = issuesOf('{ "name": "a",\n  "nodes": { "ship": 1,\n    "ship": 2 } }');

    expect(yaml).toMatchObject([{ path: 'nodes.ship', code: 'DUPLICATE_KEY', line: 4, column: 3 }]);
    expect(json).toMatchObject([{ path: 'nodes.ship', code: 'DUPLICATE_KEY', line: 3, column: 5 }]);
  });

  it('with several mistakes lists them all', () => {
    expect(issuesOf('a: 1\na: 2\nb: [{ c: 1, c: 2 }]\n').map(({ path }) => path)).toEqual(['a', 'b[0].c']);
  });

  it('with mistakes without number shows the first hundred', () => {
    const error = new DefinitionFileError(
      'w.yaml',
      Array.from({ length: 103 }, (_, index) => ({ path: `nodes.n${index}`, code: 'X', message: 'is wrong' })),
    );

    expect(error.message.split('\n')).toHaveLength(102);
    expect(error.message).toMatch(/… and 3 more; --json lists them all$/);
    expect(error.issues).toHaveLength(103);
  });

  it('that is no YAML says where', () => {
    const [issue] = issuesOf('nodes: [1,\nname: {');

    expect(issue).toMatchObject({ line: 2 });
  });

  it.each([
    [
      'aliases that multiply',
      `a: &a [${'x,'.repeat(20)}]\nb: &b [${'*a,'.repeat(20)}]\nc: &c [${'*b,'.repeat(20)}]\nd: [${'*c,'.repeat(20)}]\n`,
    ],
    ['an alias of nothing', 'a: *b\n'],
    ['two documents', 'a: 1\n---\nb: 1\n'],
    ['a tag of its own', 'a: !!js/function "x"\n'],
    ['a list as a key', '? [a]\n: 1\n'],
    ['endless nesting', `a: ${'['.repeat(20_000)}`],
  ])('with %s is refused', (_name, text) => {
    expect(issuesOf(text).length).toBeGreaterThan(0);
  });

  it('may use an anchor for what repeats', () => {
    const text = `retry: &retry { maxRetries: 3 }\nnodes: [${'*retry, '.repeat(500)}]\n`;

    expect(parseDefinitionFile(text, 'w.yaml').value).toMatchObject({
      nodes: expect.objectContaining({ length: 500 }),
    });
  });

  it('of 10,000 nodes is read in a moment', () => {
    const nodes = Array.from({ length: 10_000 }, (_, index) => `  n${index}: { handler: a }`).join('\n');

    const { value } = parseDefinitionFile(`name: a\nnodes:\n${nodes}\n`, 'w.yaml');

    expect(Object.keys((value as { nodes: object }).nodes)).toHaveLength(10_000);
  }, 5_000);
});

describe('the place of an issue', () => {
  const { place } = parseDefinitionFile('name: a\nnodes:\n  ship:\n    dependsOn: [b,\n      c]\n', 'w.yaml');
  const at = (path: string) => place({ path, code: 'X', message: 'x' });

  it.each([
    ['nodes.ship.dependsOn[1]', 5, 7],
    ['nodes.ship.dependsOn', 4, 5],
    ['nodes.ship.handler', 3, 3],
    ['nodes', 2, 1],
    ['', 1, 1],
  ])('%s is at %i:%i', (path, line, column) => {
    expect(at(path)).toMatchObject({ path, line, column });
  });
});
