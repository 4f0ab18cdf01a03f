import * as z from 'zod';
import { DefinitionHash } from './ids.ts';

/** Names a version of a workflow, until it is moved to another. `latest` is taken. */
export const AliasName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'an alias has a small letter, then up to 39 small letters, digits and -')
  .refine((name) => name !== 'latest', "'latest' is the version published last; choose another name")
  .brand('AliasName');
export type AliasName = z.infer<typeof AliasName>;

/** The number of a published version: 1, and one more each time. */
export const VersionNumber = z.int().min(1).max(99_999_999);

/** One version of a workflow. */
export type VersionSelector =
  | { readonly kind: 'latest' }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'hash'; readonly hash: DefinitionHash }
  | { readonly kind: 'alias'; readonly alias: AliasName };

/** A version as users name it: `latest`, a number, an alias, or a definition's hash. No two look alike. */
export const VersionName = z.union([
  VersionNumber,
  z.string().regex(/^(\d{1,8}|[0-9a-f]{64}|[a-z][a-z0-9-]{0,39})$/, 'is no number, alias or hash of a version'),
]);
export type VersionName = z.infer<typeof VersionName>;

export function selectVersion(name: VersionName): VersionSelector {
  if (name === 'latest') return { kind: 'latest' };
  if (/^\d{1,8}$/.test(String(name))) return { kind: 'number', number: Number(name) };
  const hash = DefinitionHash.safeParse(name);
  return hash.success ? { kind: 'hash', hash: hash.data } : { kind: 'alias', alias: AliasName.parse(name) };
}
