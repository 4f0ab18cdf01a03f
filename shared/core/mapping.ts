import type { Json } from '../model/json.ts';
import { type Bindings, compileExpression, isExpression } from './expression.ts';
import { ExpressionError } from './expression-errors.ts';
import { readMarker } from './secret-references.ts';

/**
 * A copy of `mapping` with each `{% … %}` string replaced by its value, and each marker by a reference to its secret.
 * @throws {ExpressionError} also where an expression gives nothing: a misspelt name would else become a silent null
 */
export async function evaluateMapping(mapping: Json, context: Json, bindings: Bindings): Promise<Json> {
  if (isExpression(mapping)) {
    const value = await compileExpression(mapping).evaluate(context, bindings);
    if (value === undefined) {
      throw new ExpressionError(
        'EXPRESSION_UNDEFINED',
        mapping,
        'The expression gives nothing; check its names, or say what to use instead with ?:',
      );
    }
    return value;
  }
  if (Array.isArray(mapping))
    return Promise.all(mapping.map((member: Json) => evaluateMapping(member, context, bindings)));
  if (typeof mapping === 'object' && mapping !== null) {
    const reference = readMarker(mapping);
    if (reference !== undefined) return reference;
    const entries = Object.entries(mapping).map(
      async ([key, member]): Promise<[string, Json]> => [key, await evaluateMapping(member, context, bindings)],
    );
    return Object.fromEntries(await Promise.all(entries));
  }
  return mapping;
}

/** Whether an expression is true, as JSONata casts: nothing, null, false, 0, '' and empty arrays and objects are not. */
export async function evaluateCondition(source: string, context: Json, bindings: Bindings): Promise<boolean> {
  return isTruthy(await compileExpression(source).evaluate(context, bindings));
}

function isTruthy(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.some(isTruthy);
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
