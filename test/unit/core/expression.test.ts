import { describe, expect, it } from 'vitest';
import { compileExpression } from '../../../shared/core/expression.ts';
import { ExpressionError, ExpressionSyntaxError } from '../../../shared/core/expression-errors.ts';
import type { Json } from '../../../shared/model/json.ts';

const evaluate = (text: string, context: Json = null, bindings = {}) =>
  compileExpression(`{% ${text} %}`).evaluate(context, bindings);

const problemOf = async (text: string, context: Json = null, bindings = {}): Promise<string> => {
  const error = await evaluate(text, context, bindings).catch((thrown: unknown) => thrown);
  if (!(error instanceof ExpressionError)) throw new Error(`It should fail, and gave ${JSON.stringify(error)}`);
  return error.code;
};

describe('an expression', () => {
  it.each<[string, Json, Json | undefined]>([
    ['a.b', { a: { b: 1 } }, 1],
    ['$', [5], [5]],
    ['$', [], []],
    ['files', { files: ['one'] }, ['one']],
    ['files', { files: [] }, []],
    ['missing', {}, undefined],
    ['$sum(n)', { n: [1, 2, 3] }, 6],
    ['a ?: "none"', {}, 'none'],
    ['{"constructor": toString}', { toString: 1 }, { constructor: 1 }],
  ])('%s of %j gives %j', async (text, context, expected) => {
    expect(await evaluate(text, context)).toEqual(expected);
  });

  it('sees nothing that objects only inherit', async () => {
    expect(await evaluate('constructor', {})).toBeUndefined();
    expect(await evaluate('$nodes.toString', null, { nodes: {} })).toBeUndefined();
  });

  it('leaves its context as it was', async () => {
    const context = { a: { b: [1, 2] } };

    await evaluate('$ ~> |a|{"c": 3}|', context);

    expect(context).toEqual({ a: { b: [1, 2] } });
  });

  it('gives the same time to every attempt, where it is bound', async () => {
    const bindings = { now: () => '2030-01-01', millis: () => 7 };

    expect(await evaluate('$now() & $millis()', null, bindings)).toBe('2030-01-017');
  });

  it('runs many times at once without mixing them up', async () => {
    const expression = compileExpression('{% $item * 2 %}');

    const values = await Promise.all(Array.from({ length: 50 }, (_, item) => expression.evaluate(null, { item })));

    expect(values).toEqual(Array.from({ length: 50 }, (_, item) => item * 2));
  });
});

describe('what does not parse', () => {
  it.each([
    ['{% a + %}', 7],
    ['{% $nodes %}', undefined],
    ['{% ( %}', undefined],
    ['{% "open %}', undefined],
    ['{%%}', undefined],
  ])('%s is refused with its source', (source, position) => {
    const compile = () => compileExpression(source);

    expect(compile).toThrow(ExpressionSyntaxError);
    expect(compile).toThrow(source);
    if (position !== undefined) expect(compile).toThrow(`at position ${position}`);
  });

  it.each([
    '$eval("1")',
    '($e := $eval; $e("1"))',
    '$nodes[$eval("1")].a',
    '$errors[$random()].a',
    'a.b[$eval("1")]',
    'a^($eval("1"))',
    '$map([1], $eval)',
    '{"a": $shuffle([1])}',
    '$nodes.a[$random() > 0]',
    'function($x){ $eval($x) }("1")',
  ])('%s is refused: it would escape the checks, or differ each time', (text) => {
    expect(() => compileExpression(`{% ${text} %}`)).toThrow('is not available');
  });

  it.each(['$nodes', '$nodes.*', '$nodes.(a)', '$lookup($nodes, "a")', '($n := $nodes; $n.a)', '$errors', '$nodes[0]'])(
    '%s is refused: which node it names could not be checked',
    (text) => {
      expect(() => compileExpression(`{% ${text} %}`)).toThrow('must be followed by a node id');
    },
  );
});

describe('what an expression names', () => {
  it.each([
    ['$nodes.a.b', ['a']],
    ['$nodes.`a-b`.c + $errors.d.name', ['a-b', 'd']],
    ['$map($nodes.a, function($x){ $x + $nodes.b })', ['a', 'b']],
    ['x[$nodes.a = y]', ['a']],
    ['{"k": $nodes.a, "l": [$nodes.b]}', ['a', 'b']],
    ['$nodes.a[$nodes.b]', ['a', 'b']],
    ['nodes.a', []],
  ])('%s names %j', (text, references) => {
    expect([...compileExpression(`{% ${text} %}`).references].sort()).toEqual(references);
  });

  it('is found once and for all', () => {
    expect(compileExpression('{% $nodes.a %}')).toBe(compileExpression('{% $nodes.a %}'));
  });
});

describe('an expression is bounded', () => {
  it.each([
    [
      'in steps',
      '($f := function($n){ $n = 0 ? 0 : $f($n - 1) }; $map([1..1000], function($x){ $f(1000) }))',
      'EXPRESSION_LIMIT',
    ],
    ['in a loop without end', '($f := function(){ $f() }; $f())', 'EXPRESSION_LIMIT'],
    ['in depth', '($f := function($n){ 1 + $f($n + 1) }; $f(0))', 'EXPRESSION_LIMIT'],
    ['in the length of a sequence', '$count([1..9000000])', 'EXPRESSION_LIMIT'],
    [
      'in the length of a text',
      '($f := function($s, $n){ $n = 0 ? $s : $f($s & $s, $n - 1) }; $length($f("x", 40)))',
      'EXPRESSION_LIMIT',
    ],
  ])('%s', { timeout: 20_000 }, async (_how, text, code) => {
    expect(await problemOf(text)).toBe(code);
  });

  it('in what it gives, however small that looks', async () => {
    const doubling =
      '($f := function($a, $n){ $n = 0 ? $a : $f({"l": $a, "r": $a}, $n - 1) }; $f($pad("x", 1000000), 40))';

    expect(await problemOf(doubling)).toBe('EXPRESSION_LIMIT');
  });

  it('to what JSON can hold', async () => {
    await expect(evaluate('1 / 0')).rejects.toMatchObject({ code: 'NOT_JSON' });
  });

  it.each([
    ['a function', '$sum'],
    ['a function of its own', 'function($x){ $x }'],
    ['an error of its own', '$error("no")'],
    ['a wrong type', '1 + "a"'],
    ['what is no function', '$missing()'],
  ])('%s is a failure that says so', async (_what, text) => {
    expect(await problemOf(text)).toBe('EXPRESSION_FAILED');
  });
});

describe('an expression cannot get round its bounds', () => {
  it.each(['$match("a", /(?=a)a/)', '$match("aa", /(a)\\1/)', '$match("a", /((a{100}){100}){100}/)'])(
    '%s is refused: its pattern has no linear time',
    (text) => {
      expect(() => compileExpression(`{% ${text} %}`)).toThrow(ExpressionSyntaxError);
    },
  );

  it('by a variable that bears the name of the counter', async () => {
    const endless = '($__steps := {"count": -1000000000}; $f := function(){ $f() }; $f())';

    expect(await problemOf(endless)).toBe('EXPRESSION_LIMIT');
  });

  it('by a function of the library that takes the work of a million steps', async () => {
    expect(await problemOf('$map([1..1000000], function($i){ $count([1..1000000]) })')).toBe('EXPRESSION_LIMIT');
  });

  it.each([
    ['the input', '{"a": 1} ~> |$input.order|{"changed": true}|'],
    ['the input, by a copy that is none', '($clone := function($x){ $x }; $input ~> |order|{"changed": true}|)'],
    ['data that is called', '$input.order()'],
  ])('by changing %s', async (_what, text) => {
    const input = { order: { id: 1 } };

    expect(await problemOf(text, null, { input })).toBe('EXPRESSION_FAILED');
    expect(input).toEqual({ order: { id: 1 } });
  });

  it('by an error that quotes all it was given', async () => {
    const error = await evaluate('$number($pad("x", 1000000))').catch((thrown: unknown) => thrown);

    expect(String(error).length).toBeLessThan(2_000);
  });
});

describe("functions that are not the library's give what the library's would", () => {
  it.each<[string, Json | undefined]>([
    ['$sort([3, 1, 2])', [1, 2, 3]],
    ['$sort(["b", "a"])', ['a', 'b']],
    ['$sort([{"n": 2, "i": 0}, {"n": 1, "i": 1}, {"n": 2, "i": 2}], function($a, $b){ $a.n > $b.n }).i', [1, 0, 2]],
    ['$distinct([1, "1", 1, {"a": 1, "b": 2}, {"b": 2, "a": 1}])', [1, '1', { a: 1, b: 2 }]],
    ['$distinct(items.n)', 1],
    ['$map([1, 2], $substring("abc", ?))', ['bc', 'c']],
    ['$split("a1b22c", /[0-9]+/)', ['a', 'b', 'c']],
    ['$replace("John Smith", /(\\w+) (\\w+)/, "$2, $1")', 'Smith, John'],
    ['$match("ab é𝒳 cd", /\\S+/).index', [0, 3, 7]],
  ])('%s gives %j', async (text, expected) => {
    expect(await evaluate(text, { items: [{ n: 1 }, { n: 1 }] })).toEqual(expected);
  });
});
