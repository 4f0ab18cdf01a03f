import { FanjoinError, SecretUnavailableError, UnusableSecretError } from '../errors.ts';
import { type KnownSecret, knownSecret, MIN_SECRET_LENGTH } from '../observability/redactor.ts';
import type { Clock } from '../ports/clock.ts';
import type { SecretStore } from '../ports/secret-store.ts';

/** How long a value is used before it is asked for anew: a rotated secret is picked up so much later at the most. */
export const SECRET_TTL_MS = 300_000;
/** A store that does not answer must not hold a node for ever. */
const ANSWER_MS = 15_000;

interface Entry {
  readonly secret: Promise<KnownSecret>;
  readonly expiresAtMs: number;
}

/** The values of secrets, asked for once in five minutes for all nodes that run in this process. */
export class SecretCache {
  readonly #store: SecretStore;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor({ secrets, clock }: { secrets: SecretStore; clock: Clock }) {
    this.#store = secrets;
    this.#clock = clock;
  }

  /** @throws {SecretNotFoundError | SecretUnavailableError | UnusableSecretError} none of which is kept */
  get(name: string): Promise<KnownSecret> {
    const nowMs = this.#clock.nowMs();
    const standing = this.#entries.get(name);
    if (standing !== undefined && standing.expiresAtMs > nowMs) return standing.secret;
    const entry = { secret: this.#ask(name), expiresAtMs: nowMs + SECRET_TTL_MS };
    this.#entries.set(name, entry);
    entry.secret.catch(() => {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
    });
    return entry.secret;
  }

  async #ask(name: string): Promise<KnownSecret> {
    const value = await this.#answer(name).catch((error: unknown) => {
      throw error instanceof FanjoinError ? error : new SecretUnavailableError(name, error);
    });
    if (value.length < MIN_SECRET_LENGTH) {
      const problem = `has ${value.length} characters; at least ${MIN_SECRET_LENGTH} are needed, for shorter ones could not be told from other text and kept out of it`;
      throw new UnusableSecretError('SECRET_TOO_SHORT', name, problem);
    }
    return knownSecret(name, value);
  }

  #answer(name: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ANSWER_MS, () => {
        reject(new SecretUnavailableError(name, new Error(`no answer came within ${ANSWER_MS / 1_000} s`)));
      });
      this.#store.get(name).then(resolve, reject).finally(cancel);
    });
  }
}
