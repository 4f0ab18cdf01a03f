import { SecretNotFoundError } from '../errors.ts';

/** Where the values of secrets come from. */
export interface SecretStore {
  /**
   * A secret's value as it stands now; who asks keeps it for a while.
   * @throws {SecretNotFoundError} nothing is there under this name
   * @throws {SecretUnavailableError} it cannot be told now
   * @throws {FanjoinError} `SECRET_NOT_TEXT`
   */
  get(name: string): Promise<string>;
  /** What to do about a secret that is missing, where that can be told without asking anybody; else `undefined`. */
  missing(name: string): string | undefined;
}

/** For those who are given none. */
export const NO_SECRETS: SecretStore = {
  get: async (name) => {
    throw new SecretNotFoundError(name, NOWHERE);
  },
  missing: () => NOWHERE,
};

const NOWHERE = 'no secrets are known to what runs this node';
