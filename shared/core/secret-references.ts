import type { Json } from '../model/json.ts';
import { type SecretMarker, SecretName, SecretReference } from '../model/secret-reference.ts';

/** Where in a value a secret stands: the keys that lead there. */
export type SecretPath = readonly (string | number)[];

/** A reference found in a value. */
export interface SecretUse {
  readonly path: SecretPath;
  readonly name: string;
}

/**
 * A reference as expressions see it: it can be handed on and asked whether it is there, and not made text. Joined with
 * other text it would silently give the marker's JSON in place of the secret.
 */
class ExpressionSecret extends SecretReference {
  toJSON(): never {
    throw new Error(
      `The secret '${this.$secret}' has no text here, an expression sees a reference; hand it on by itself, and join it with other text in the handler`,
    );
  }
}

/** Every marker in a value that is written by hand: a mapping, or globals. Without a name: it is not written as it must be. */
export function* markersIn(
  value: Json,
  path: SecretPath = [],
): Generator<{ readonly path: SecretPath; readonly name: string | undefined }> {
  if (isMarkerLike(value)) {
    yield { path, name: nameIn(value) };
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of membersOf(value)) yield* markersIn(member, [...path, key]);
  }
}

/** Every reference in a value that was made here. Data that looks like a marker is none. */
export function* referencesIn(value: Json, path: SecretPath = []): Generator<SecretUse> {
  if (value instanceof SecretReference) {
    yield { path, name: value.$secret };
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of membersOf(value)) yield* referencesIn(member, [...path, key]);
  }
}

/** The reference that a marker in a mapping stands for; `undefined`: it is none. */
export function readMarker(value: Json): SecretMarker | undefined {
  const name = nameIn(value);
  return name === undefined ? undefined : new SecretReference(name);
}

/** A copy of globals whose markers are references, guarded as an expression must see them. */
export const withReferences = (value: Json): Json =>
  replaced(value, (member) => {
    const name = nameIn(member);
    return name === undefined ? undefined : guarded(name);
  });

/** A copy for an expression to look at: there no reference can become text. */
export const guardReferences = (value: Json): Json =>
  replaced(value, (member) => (member instanceof SecretReference ? guarded(member.$secret) : undefined));

/** A copy with the values of secrets, by name, in place of the references to them. */
export const fillReferences = (value: Json, values: ReadonlyMap<string, string>): Json =>
  replaced(value, (member) => (member instanceof SecretReference ? values.get(member.$secret) : undefined));

const guarded = (name: string): SecretMarker => new ExpressionSecret(name);

const isMarkerLike = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, '$secret');

function nameIn(value: Json): string | undefined {
  if (!isMarkerLike(value)) return undefined;
  const [marked, ...others] = Object.values(value);
  const name = SecretName.safeParse(marked);
  return others.length === 0 && name.success ? name.data : undefined;
}

function membersOf(value: Json & object): [string | number, Json][] {
  return Array.isArray(value) ? [...value.entries()] : Object.entries(value);
}

/** A deep copy: what a handler does to it reaches nothing else. @param replace gives what stands in place of a member */
function replaced(value: Json, replace: (member: Json) => Json | undefined): Json {
  const instead = replace(value);
  if (instead !== undefined) return instead;
  if (Array.isArray(value)) return value.map((member: Json) => replaced(member, replace));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, replaced(member, replace)]));
}
