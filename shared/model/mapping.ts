import * as z from 'zod';
import { Json } from './json.ts';
import { LIMITS } from './limits.ts';

/** A whole-string JSONata expression, `{% … %}`, as in Step Functions. */
export const Expression = z
  .string()
  .max(LIMITS.maxExpressionLength)
  .regex(/^\{%[\s\S]*%\}$/, 'an expression is written {% … %}');

/**
 * Any JSON value in which strings of the form `{% … %}` are replaced by what they evaluate to; other strings stand
 * for themselves.
 */
export const Mapping = Json.meta({ description: 'JSON in which strings of the form {% … %} are evaluated' });

/** A mapping that goes to a handler and nowhere else: here `{ "$secret": "name" }` stands for the value of a secret. */
export const InputMapping = Json.meta({
  description:
    'JSON in which strings of the form {% … %} are evaluated, and { "$secret": "name" } stands for the value of a secret',
});
