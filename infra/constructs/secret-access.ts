import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FanjoinError } from '../../shared/errors.ts';
import { SecretName } from '../../shared/model/secret-reference.ts';
import { allow } from './allow.ts';

/** As much of a secret as is looked at. Any `ISecret` is one, and a `Secret` too where optional properties are exact. */
export interface ReadableSecret {
  readonly secretArn: string;
  /** Without it, `secretArn` lacks the end that the service gives it. */
  readonly secretFullArn?: string | undefined;
  /** The customer's own key, if it is encrypted with one. */
  readonly encryptionKey?: IKey | undefined;
}

/**
 * Lets functions read secrets and tells them where they are; others are told their names alone.
 * @throws {FanjoinError} `INVALID_SECRET`: a name that no workflow could refer to
 */
export function connectSecrets(
  secrets: Readonly<Record<string, ReadableSecret>>,
  { readers, namers }: { readonly readers: readonly LambdaFunction[]; readonly namers: readonly LambdaFunction[] },
): void {
  const entries = Object.entries(secrets);
  if (entries.length === 0) return;
  for (const [name] of entries) {
    const parsed = SecretName.safeParse(name);
    if (!parsed.success)
      throw new FanjoinError(
        'INVALID_SECRET',
        `A secret cannot be called '${name}': ${parsed.error.issues[0]?.message}`,
      );
  }
  for (const reader of readers) connectReader(reader, entries);
  for (const namer of namers) namer.addEnvironment('SECRET_NAMES', JSON.stringify(Object.keys(secrets)));
}

function connectReader(reader: LambdaFunction, entries: readonly (readonly [string, ReadableSecret])[]): void {
  allow(reader, ['secretsmanager:GetSecretValue'], ...entries.map(([, secret]) => policyArn(secret)));
  const keys = new Set(entries.flatMap(([, { encryptionKey }]) => encryptionKey ?? []));
  // Only by way of the service: the keys themselves stay out of the function's reach.
  const viaService = { StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(reader).region}.amazonaws.com` } };
  for (const { keyArn } of keys)
    reader.addToRolePolicy(
      new PolicyStatement({ actions: ['kms:Decrypt'], resources: [keyArn], conditions: viaService }),
    );
  const arns = Object.fromEntries(entries.map(([name, { secretArn }]) => [name, secretArn]));
  reader.addEnvironment('SECRET_ARNS', Stack.of(reader).toJsonString(arns));
}

/** The service ends every ARN with a hyphen and six characters; of a secret that is imported by its name they are not known. */
const policyArn = ({ secretArn, secretFullArn }: ReadableSecret): string => secretFullArn ?? `${secretArn}-??????`;
