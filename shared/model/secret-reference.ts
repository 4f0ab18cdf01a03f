import * as z from 'zod';

/** Names a secret where it is used: a letter, then letters, digits, `-` and `_`, at most 80. */
export const SecretName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,79}$/, 'a secret name has a letter, then up to 79 letters, digits, - and _');
export type SecretName = z.infer<typeof SecretName>;

/** How a reference to a secret is written, and stored: `{ "$secret": "stripeKey" }`. Its value stands nowhere. */
export type SecretMarker = { readonly $secret: string };

/**
 * A reference to a secret. Only instances are ever resolved: data that happens to look like a marker stays data, so
 * that nobody reads a secret by what he sends to a workflow.
 */
export class SecretReference {
  readonly $secret: string;

  constructor(name: string) {
    this.$secret = name;
  }
}
