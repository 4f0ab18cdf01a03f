import { SecretNotFoundError, UnusableSecretError } from '../../errors.ts';
import type { SecretStore } from '../../ports/secret-store.ts';

/** Where a local executor has its secrets from: values by name, or whoever knows them (`undefined`: there is none). */
export type LocalSecrets =
  | Readonly<Record<string, string>>
  | ((name: string) => string | undefined | Promise<string | undefined>);

/** The environment variable a secret is looked for in: `FANJOIN_SECRET_STRIPE_KEY` for `stripe-key` and `stripe_key`. */
export const secretVariable = (name: string): string => `FANJOIN_SECRET_${name.toUpperCase().replaceAll('-', '_')}`;

/** Secrets as a `WorkflowExecutor` is given them; without any, those of the environment. */
export function localSecrets(
  secrets: LocalSecrets | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): SecretStore {
  if (typeof secrets === 'function') return askedFor(secrets);
  // Read when it is asked for: variables may be set later than the executor is made. An empty one is as good as none.
  if (secrets === undefined)
    return known(
      (name) => environment[secretVariable(name)] || undefined,
      (name) => `set the environment variable ${secretVariable(name)}, or give the executor \`secrets\``,
    );
  return known(
    (name) => (Object.hasOwn(secrets, name) ? secrets[name] : undefined),
    () => "add it to the executor's `secrets`",
  );
}

function known(find: (name: string) => string | undefined, remedyOf: (name: string) => string): SecretStore {
  return {
    get: async (name) => textOf(name, find(name), remedyOf(name)),
    missing: (name) => (find(name) === undefined ? remedyOf(name) : undefined),
  };
}

const askedFor = (ask: (name: string) => unknown): SecretStore => ({
  get: async (name) => textOf(name, await ask(name), "the executor's `secrets` function gives none by this name"),
  missing: () => undefined,
});

function textOf(name: string, value: unknown, remedy: string): string {
  if (value === undefined) throw new SecretNotFoundError(name, remedy);
  if (typeof value !== 'string')
    throw new UnusableSecretError('SECRET_NOT_TEXT', name, `is no text but a ${typeof value}`);
  return value;
}
