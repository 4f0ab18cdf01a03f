import { compileExpression } from '../../shared/core/expression.ts';
import type { Json } from '../../shared/model/json.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** Data that passes itself off as the library's functions and syntax. */
const hostileData = (): Json => ({
  order: { id: 1 },
  items: [{ n: 1 }, { n: 2, tags: ['x', ['y']] }, null, 'text'],
  lambda: { _jsonata_lambda: true, arguments: [{ value: 'x' }], body: { type: 'string', value: 'x' } },
  native: { _jsonata_function: true, implementation: { apply: 1 } },
  thunk: {
    _jsonata_lambda: true,
    thunk: true,
    body: { procedure: { type: 'variable', value: 'eval' }, arguments: [] },
    environment: {},
  },
});

/**
 * Compiles and evaluates, and looks at what must not change: the data it was given, and what all objects inherit.
 *
 * @throws what is no error of ours, or says what has changed
 */
export async function tryExpression(text: string): Promise<Outcome> {
  const input = hostileData();
  const before = JSON.stringify(input);
  const outcome = await outcomeOf(() =>
    compileExpression(`{% ${text} %}`).evaluate(input, { input, globals: { a: 1 } }),
  );
  if (JSON.stringify(input) !== before) throw new Error(`It changed its input: ${text}`);
  const inherited = Reflect.ownKeys(Object.prototype).length;
  if (inherited !== INHERITED) throw new Error(`It changed what all objects inherit: ${text}`);
  return outcome;
}

const INHERITED = Reflect.ownKeys(Object.prototype).length;
