import type { GetSecretValueCommandOutput } from '@aws-sdk/client-secrets-manager';
import { describeCause, SecretNotFoundError, SecretUnavailableError, UnusableSecretError } from '../../errors.ts';
import type { SecretStore } from '../../ports/secret-store.ts';
import { requestSettings } from './request-settings.ts';
import { ADD_TO_STACK } from './secret-names.ts';
import { errorName } from './service-errors.ts';

/** Asks for the value of a secret by its ARN. */
type Ask = (arn: string) => Promise<GetSecretValueCommandOutput>;

/** The service's ways to say that there is nothing: no secret, none with a value yet, one that is being deleted. */
const NOT_THERE: ReadonlySet<string> = new Set(['ResourceNotFoundException', 'InvalidRequestException']);

/**
 * Secrets in AWS Secrets Manager, by the names a stack gives them. Its client is loaded with the first request: a stack
 * without secrets pays nothing for it. Region, credentials and endpoint come from the environment.
 */
export class SecretsManagerStore implements SecretStore {
  readonly #arns: Readonly<Record<string, string>>;
  #ask: Promise<Ask> | undefined;

  /** @param arns of the secrets, by name */
  constructor(arns: Readonly<Record<string, string>>) {
    this.#arns = arns;
  }

  missing(name: string): string | undefined {
    return Object.hasOwn(this.#arns, name) ? undefined : ADD_TO_STACK;
  }

  async get(name: string): Promise<string> {
    const arn = Object.hasOwn(this.#arns, name) ? this.#arns[name] : undefined;
    if (arn === undefined) throw new SecretNotFoundError(name, ADD_TO_STACK);
    this.#ask ??= connect();
    const ask = await this.#ask;
    const { SecretString } = await ask(arn).catch((error: unknown) => {
      throw toSecretError(name, arn, error);
    });
    if (SecretString === undefined)
      throw new UnusableSecretError('SECRET_NOT_TEXT', name, `holds bytes; store its value as text (${arn})`);
    return SecretString;
  }
}

async function connect(): Promise<Ask> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient(requestSettings(3_000, 10));
  return (arn) => client.send(new GetSecretValueCommand({ SecretId: arn }));
}

function toSecretError(name: string, arn: string, error: unknown): Error {
  if (!NOT_THERE.has(errorName(error))) return new SecretUnavailableError(name, error);
  return new SecretNotFoundError(name, `give ${arn} a value in Secrets Manager (${describeCause(error)})`, error);
}
