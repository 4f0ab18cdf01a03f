import type { SecretStore } from '../../ports/secret-store.ts';

export const ADD_TO_STACK = "add it to the `secrets` of the stack's ServerlessExecutor";

/** The names of a stack's secrets, for those who may not read them. */
export const secretNames = (names: readonly string[]): Pick<SecretStore, 'missing'> => ({
  missing: (name) => (names.includes(name) ? undefined : ADD_TO_STACK),
});
