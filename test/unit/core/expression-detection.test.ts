import { describe, expect, it } from 'vitest';
import { compileExpression } from '../../../shared/core/expression.ts';
import type { Json } from '../../../shared/model/json.ts';

const BINDINGS = {
  input: { a: 1, s: 'text', list: [1, 2] },
  globals: { a: 2, s: 'global' },
  item: { a: 3, s: 'item', list: [{ a: 1 }, { a: 2 }], o: { k: 1 } },
  index: 4,
  output: { a: 5 },
  error: { name: 'E' },
};
const VARIABLES = Object.keys(BINDINGS);

/** Pieces of which expressions are put together. */
const ATOMS = [
  '$',
  '$$',
  'a',
  '*',
  '**',
  '$item',
  '$item.a',
  '$item.list',
  '$input.s',
  '$index',
  '"x"',
  '1',
  '$globals',
  'list[0]',
  '$.s',
];
const FORMS: readonly ((x: string, y: string) => string)[] = [
  (x) => x,
  (x, y) => `${x} = ${y}`,
  (x, y) => `[${x}, ${y}]`,
  (x, y) => `{"k": ${x}, "l": ${y}}`,
  (x, y) => `${x} ? ${y} : 0`,
  (x) => `$string(${x})`,
  () => '$string()',
  () => '$length()',
  () => '$keys()',
  () => '$boolean()',
  () => '$substringBefore("e")',
  () => '$contains("e")',
  () => '$lookup("a")',
  (x) => `$count(${x})`,
  (x, y) => `$append(${x}, ${y})`,
  (x) => `($f := $string; $f(${x}))`,
  () => '($f := $keys; $f())',
  (x) => `($v := ${x}; $v)`,
  (x) => `$map([1, 2], function($q){ ${x} })`,
  (x) => `$item.list[a = ${x}]`,
  (x) => `$item.list.(${x})`,
  (x) => `$item.list^(${x})`,
  (x) => `$item.list{"k": ${x}}`,
  (x) => `$item.list.a[${x} = 1]`,
  (x) => `$item.o.{"k": ${x}}`,
  () => '$item.list.$string()',
  (x) => `${x} ~> $string`,
  () => '$item ~> |list|{"b": 1}|',
  () => '$ ~> |list|{"b": 1}|',
  (x) => `$filter($item.list, function($q){ $q.a = ${x} })`,
  (x) => `$exists(${x}) and true`,
  () => '$item.list.%.s',
  () => 'function()<:s>{ "z" }()',
  () => 'function($q)<s-:s>{ $q }()',
  () => '$each(function($v, $k){ $k })',
  () => '$sift(function($v){ $v = 1 })',
  () => '$item.a @ $x',
];
const CONTEXTS: readonly Json[] = [
  { a: 1, s: 'text', list: [3] },
  { a: 9, s: 'other e', list: [4] },
  'text e',
  'other',
  null,
  7,
];

const attempt = (source: string, context: Json, bindings: object): Promise<string> =>
  compileExpression(source)
    .evaluate(context, { ...bindings })
    .then(
      (value) => JSON.stringify(value) ?? 'nothing',
      () => 'failed',
    );

const sources = [
  ...new Set(FORMS.flatMap((form) => ATOMS.flatMap((x) => ['$', '$input.a', '2'].map((y) => `{% ${form(x, y)} %}`)))),
].filter((source) => {
  try {
    compileExpression(source);
    return true;
  } catch {
    return false;
  }
});

describe('what need not be loaded', () => {
  it('is the context only where no context changes the value', { timeout: 60_000 }, async () => {
    const wrong: string[] = [];

    for (const source of sources.filter((text) => !compileExpression(text).usesContext)) {
      const values = await Promise.all(CONTEXTS.map((context) => attempt(source, context, BINDINGS)));
      if (new Set(values).size > 1) wrong.push(`${source}: ${values.join(' | ')}`);
    }

    expect(wrong).toEqual([]);
    expect(sources.length).toBeGreaterThan(400);
  });

  it('is a variable only where leaving it out changes nothing', { timeout: 60_000 }, async () => {
    const wrong: string[] = [];
    const context = CONTEXTS[0] ?? null;

    for (const source of sources) {
      const { variables } = compileExpression(source);
      const needed = Object.fromEntries(Object.entries(BINDINGS).filter(([name]) => variables.has(name)));
      const [all, some] = await Promise.all([attempt(source, context, BINDINGS), attempt(source, context, needed)]);
      if (all !== some) wrong.push(`${source}: ${all} | ${some}`);
    }

    expect(wrong).toEqual([]);
    expect(VARIABLES.length).toBe(6);
  });

  it('is the context of the usual item mappings: a map of many items would load it for each', () => {
    const usual = [
      '$item',
      '$item.name',
      '$index + 1',
      '$item.list[0]',
      '$sum($item.xs.price)',
      '$uppercase($item.s)',
      '$join($item.xs, ", ")',
    ];

    expect(usual.filter((text) => compileExpression(`{% ${text} %}`).usesContext)).toEqual([]);
  });
});
