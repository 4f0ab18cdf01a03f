import { fillReferences, referencesIn } from '../core/secret-references.ts';
import { FanjoinError, toErrorInfo } from '../errors.ts';
import type { Json } from '../model/json.ts';
import type { ErrorInfo } from '../model/result.ts';
import { type KnownSecret, Redactor } from '../observability/redactor.ts';
import type { SecretCache } from './secret-cache.ts';

type Globals = Readonly<Record<string, Json>>;

/** What a handler is given, and what is to be kept of it to itself. */
export interface HandlerValues {
  readonly input: Json;
  readonly globals: Globals;
  /** Absent: it is given no secret. */
  readonly redactor?: Redactor;
}

/** Puts the values of secrets in place of the references in what a handler is given, or says why it cannot. */
export async function fillSecrets(
  { input, globals }: HandlerValues,
  secrets: SecretCache,
): Promise<HandlerValues | { readonly error: ErrorInfo }> {
  const names = new Set([...referencesIn(input), ...referencesIn(globals)].map(({ name }) => name));
  if (names.size === 0) return { input, globals };
  const known = await load(names, secrets);
  if (known instanceof FanjoinError) return { error: toErrorInfo(known) };
  const values = new Map(known.map(({ name, value }) => [name, value]));
  return {
    input: fillReferences(input, values),
    globals: Object.fromEntries(Object.entries(globals).map(([name, value]) => [name, fillReferences(value, values)])),
    redactor: new Redactor(known),
  };
}

async function load(names: ReadonlySet<string>, secrets: SecretCache): Promise<readonly KnownSecret[] | FanjoinError> {
  try {
    return await Promise.all([...names].map((name) => secrets.get(name)));
  } catch (error) {
    if (error instanceof FanjoinError) return error;
    throw error;
  }
}
