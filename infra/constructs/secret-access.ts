import { Stack } from 'aws-cdk-lib';
import { ViaServicePrincipal } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { FanjoinError } from '../../shared/errors.ts';
import { SecretName } from '../../shared/model/secret-reference.ts';
import { allow } from './allow.ts';

/**
 * Lets one function read secrets and tells it where they are; another is told their names alone.
 * @throws {FanjoinError} `INVALID_SECRET`: a name that no workflow could refer to
 */
export function connectSecrets(
  secrets: Readonly<Record<string, ISecret>>,
  { reader, namer }: { readonly reader: LambdaFunction; readonly namer: LambdaFunction },
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
  allow(reader, ['secretsmanager:GetSecretValue'], ...entries.map(([, secret]) => policyArn(secret)));
  const { region } = Stack.of(reader);
  for (const [, { encryptionKey }] of entries) {
    // Only by way of the service: the key itself stays out of the function's reach.
    encryptionKey?.grantDecrypt(
      new ViaServicePrincipal(`secretsmanager.${region}.amazonaws.com`, reader.grantPrincipal),
    );
  }
  const arns = Object.fromEntries(entries.map(([name, { secretArn }]) => [name, secretArn]));
  reader.addEnvironment('SECRET_ARNS', Stack.of(reader).toJsonString(arns));
  namer.addEnvironment('SECRET_NAMES', JSON.stringify(Object.keys(secrets)));
}

/** The service ends every ARN with a hyphen and six characters; of a secret that is imported by its name they are not known. */
const policyArn = ({ secretArn, secretFullArn }: ISecret): string => secretFullArn ?? `${secretArn}-??????`;
