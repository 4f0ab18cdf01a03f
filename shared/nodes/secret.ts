import { FanjoinError } from '../errors.ts';
import { type SecretMarker, SecretName, SecretReference } from '../model/secret-reference.ts';

/**
 * Refers to a secret. Stands in a node's `input` or `itemInput`, or in an execution's globals, wherever the handler
 * wants a string; the handler is given the value, and nobody else sees it. In YAML and JSON: `{ $secret: stripeKey }`.
 *
 * @throws {FanjoinError} `INVALID_SECRET`: the name is not a letter and then letters, digits, `-` and `_`
 * @example
 * nodes: { charge: { handler: charge, input: { order: '{% $input %}', apiKey: secret('stripeKey') } } }
 */
export function secret(name: string): SecretMarker {
  const parsed = SecretName.safeParse(name);
  if (!parsed.success)
    throw new FanjoinError('INVALID_SECRET', `No secret can be called '${name}': ${parsed.error.issues[0]?.message}`);
  return new SecretReference(parsed.data);
}
