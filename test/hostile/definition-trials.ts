import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as z from 'zod';
import { compile } from '../../shared/core/compile.ts';
import { parseDefinitionFile } from '../../shared/nodes/definition-file.ts';
import { hostileExpressions } from './expression-arbitrary.ts';
import { junk, mutated, notJson } from './mutations.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { type Apt, valuesOf } from './schema-arbitrary.ts';

const DOCUMENT = z
  .looseObject({
    properties: z.looseObject({ nodes: z.looseObject({ additionalProperties: z.unknown() }), config: z.unknown() }),
  })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/definition.schema.json'), 'utf8')));

const ids = fc.constantFrom('a', 'b', 'c', 'd');
const expression = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('{% true %}', '{% $nodes.a %}', '{% $input.x & "y" %}', '{% $errors.b %}') },
  { weight: 1, arbitrary: hostileExpressions.map((text) => `{% ${text} %}`) },
);

/** So that some of what is made is a workflow that could run. */
const APT: Apt = {
  dependsOn: fc.uniqueArray(ids, { maxLength: 2 }),
  next: fc.oneof(ids, fc.constant('$end')),
  mayRouteTo: fc.uniqueArray(ids, { maxLength: 2 }),
  when: expression,
  runIf: expression,
  items: expression,
  input: fc.oneof(expression, fc.jsonValue({ maxDepth: 2 })),
  handler: fc.constantFrom('work', 'other'),
};

/** Definitions as the document's own schema has them. */
const bySchema: fc.Arbitrary<unknown> = fc.record(
  {
    name: fc.constantFrom('w', 'other'),
    strategy: fc.constantFrom('sequential', 'parallel', 'conditional'),
    nodes: fc.dictionary(ids, valuesOf(DOCUMENT.properties.nodes.additionalProperties, DOCUMENT, APT), { maxKeys: 4 }),
    config: valuesOf(DOCUMENT.properties.config, DOCUMENT),
    start: ids,
  },
  { requiredKeys: ['name', 'nodes'] },
);

const mapping = fc.oneof(fc.constantFrom('{% $input.x %}', '{% [1, 2] %}'), fc.jsonValue({ maxDepth: 2 }));
const bodies = fc.oneof(
  fc.record(
    {
      type: fc.constant('task'),
      handler: fc.constantFrom('work', 'other'),
      input: mapping,
      timeoutSeconds: fc.nat(9).map((n) => n + 1),
    },
    { requiredKeys: ['type', 'handler'] },
  ),
  fc.record({ type: fc.constant('transform'), output: mapping }),
  fc.record({ type: fc.constant('map'), handler: fc.constant('work'), items: fc.constant('{% $input.items %}') }),
);

/** Workflows that could run. */
const sound: fc.Arbitrary<unknown> = fc
  .tuple(fc.constantFrom('sequential', 'parallel', 'conditional'), fc.array(bodies, { minLength: 1, maxLength: 4 }))
  .map(([strategy, nodes]) => ({
    name: 'w',
    strategy,
    nodes: Object.fromEntries(
      nodes.map((body, index) => {
        const before = index === 0 ? [] : [`n${index - 1}`];
        const after = index === nodes.length - 1 ? '$end' : `n${index + 1}`;
        const place = { sequential: {}, parallel: { dependsOn: before }, conditional: { next: after } }[strategy];
        return [`n${index}`, { ...body, ...place }];
      }),
    ),
  }));

/** Half of them could run. */
export const definitions = fc.oneof(bySchema, sound);

/** The same with up to three changes that nobody expects, or anything at all. */
export const hostileDefinitions: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: mutated(definitions) },
  { weight: 2, arbitrary: mutated(definitions, notJson) },
  { weight: 2, arbitrary: mutated(valuesOf(DOCUMENT, DOCUMENT)) },
  { weight: 1, arbitrary: junk },
  { weight: 1, arbitrary: notJson },
);

/** @throws what is no error of ours */
export const tryDefinition = (definition: unknown): Promise<Outcome> => outcomeOf(() => compile(definition));

/** YAML that asks for more than it is. */
export const YAML_ATTACKS: Readonly<Record<string, string>> = {
  'an alias bomb': [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefghij'.split('').map((name, level) => {
      const before = 'abcdefghij'[level];
      return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`;
    }),
  ].join('\n'),
  'an alias bomb of maps': [
    'a: &a {x: 1}',
    ...'bcdefghijklmnop'
      .split('')
      .map((name, level) => `${name}: &${name} {l: *${'abcdefghijklmnop'[level]}, r: *${'abcdefghijklmnop'[level]}}`),
  ].join('\n'),
  'an alias used many times': `a: &a x\nb: [${Array.from({ length: 5_000 }, () => '*a').join(', ')}]`,
  'an alias of a large text': `a: &a ${'x'.repeat(100_000)}\nb: [${Array.from({ length: 999 }, () => '*a').join(', ')}]`,
  'an anchor that contains itself': 'a: &a [*a]',
  'a map that contains itself': 'name: w\nnodes: &n\n  a: *n',
  'an alias of nothing': 'a: *b',
  'a merge key': 'base: &b {type: task, handler: work}\nname: w\nnodes:\n  a:\n    <<: *b',
  'a merge of itself': 'a: &a\n  <<: *a',
  'a tag of a program': 'name: !!js/function "function () { return 1 }"',
  'a tag of an object': 'name: !!python/object/apply:os.system ["true"]',
  'a tag of a type': 'name: w\nnodes: !!set {a, b}',
  'a tag of bytes': 'name: !!binary aGVsbG8=',
  'a tag of its own': '%TAG ! tag:example.com,2000:\n---\nname: !x y',
  'a key that is a prototype': 'name: w\nnodes:\n  __proto__: {type: task, handler: work}',
  'a prototype at the top': '__proto__: {name: w}\nnodes: {a: {type: task, handler: work}}',
  'a key that is a list': 'name: w\nnodes:\n  ? [a, b]\n  : {type: task, handler: work}',
  'a key that is a map': '? {a: 1}\n: 2',
  'repeated keys': 'name: w\nname: v',
  'several documents': 'name: w\n---\nname: v',
  'very deep lists': '['.repeat(20_000),
  'very deep closed lists': '['.repeat(5_000) + ']'.repeat(5_000),
  'very deep maps': `${'{a: '.repeat(5_000)}1${'}'.repeat(5_000)}`,
  'very deep blocks': Array.from({ length: 2_000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
  'very deep dashes': '- '.repeat(20_000),
  'a number beyond numbers': `a: 1e999999\nb: 0x${'f'.repeat(10_000)}\nc: .nan\nd: -.inf`,
  'a long line of nothing': ' '.repeat(1_000_000),
  'a long text': `name: "${'x'.repeat(1_000_000)}"`,
  'many comments': '# x\n'.repeat(200_000),
  'many anchors': Array.from({ length: 20_000 }, (_, index) => `k${index}: &a${index} 1`).join('\n'),
  'many keys': Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join('\n'),
  'bytes that are no text': '\u0000\u0001\ufffe\ud800',
  'a byte order mark': '\ufeffname: w',
  nothing: '',
  tabs: '\tname: w',
  'a quote that does not end': 'name: "w',
  'a block that does not end': 'name: |99\n  w',
  'a directive of nothing': '%YAML 9.9\n---\nname: w',
  'JSON with repeated keys': '{"name": "w", "name": "v"}',
};

/** Such a text with a character taken out or put in, or any text. */
export const hostileYaml: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(...Object.values(YAML_ATTACKS).filter(({ length }) => length < 20_000)).chain(changed),
  },
  { weight: 3, arbitrary: definitions.map((value) => JSON.stringify(value)).chain(changed) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.constantFrom(
          'a',
          ': ',
          '- ',
          '\n',
          '  ',
          '&a ',
          '*a',
          '{',
          '}',
          '[',
          ']',
          ',',
          '<<: ',
          '|',
          '>',
          '!!',
          '"',
          "'",
          '#',
          '? ',
          '---\n',
          '%',
        ),
        { maxLength: 60 },
      )
      .map((parts) => parts.join('')),
  },
);

function changed(text: string): fc.Arbitrary<string> {
  const put = fc.constantFrom('', '&a ', '*a', '\n', ' ', ':', '[', '}', '"', '<<: ', '!!x ', '\t', '- ');
  return fc
    .tuple(fc.nat({ max: text.length }), put)
    .map(([at, insert]) => text.slice(0, at) + insert + text.slice(at + (insert === '' ? 3 : 0)));
}

/** @throws what is no error of ours */
export const tryDefinitionFile = (text: string): Promise<Outcome> =>
  outcomeOf(() => {
    const { value, place } = parseDefinitionFile(text, 'hostile.yaml');
    compileAt(value, place);
  });

function compileAt(value: unknown, place: ReturnType<typeof parseDefinitionFile>['place']): void {
  try {
    compile(value);
  } catch (error) {
    const issues = typeof error === 'object' && error !== null && 'issues' in error ? error.issues : [];
    // As the command line shows them.
    for (const issue of z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })).parse(issues))
      place(issue);
    throw error;
  }
}
