import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-secrets-manager';
import { type AwsStub, mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Emulator, LOCAL_CREDENTIALS, LOCAL_REGION } from '../../infra/local/emulators.ts';
import { startSecretsManager } from '../../infra/local/secrets-emulator.ts';
import { SecretsManagerStore } from '../../shared/adapters/aws/secrets-manager-store.ts';

const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:key-AbCdEf';
const EMPTY = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:empty-AbCdEf';
const store = new SecretsManagerStore({ key: ARN, empty: EMPTY });

describe('SecretsManagerStore', () => {
  const asked: string[] = [];
  let emulator: Emulator;
  let env: Record<string, string>;
  beforeAll(async () => {
    emulator = await startSecretsManager((arn) => {
      asked.push(arn);
      return arn === ARN ? 'a "value"\nin two lines' : undefined;
    });
    env = {
      AWS_REGION: LOCAL_REGION,
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: emulator.endpoint,
    };
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await emulator.stop();
  });

  it('asks for a secret by the ARN its stack gave it', async () => {
    expect(await store.get('key')).toBe('a "value"\nin two lines');
    expect(asked).toEqual([ARN]);
  });

  it('says of one without a value where to set it', async () => {
    await expect(store.get('empty')).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
      retryable: false,
      message: expect.stringContaining(`give ${EMPTY} a value in Secrets Manager`),
    });
  });

  it.each(['other', 'constructor'])('knows without asking that there is no %s', async (name) => {
    const before = asked.length;

    expect(store.missing(name)).toMatch(/ServerlessExecutor/);
    await expect(store.get(name)).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND' });

    expect(store.missing('key')).toBeUndefined();
    expect(asked).toHaveLength(before);
  });

  it('loads the client of the service with the first request, not before', async () => {
    const module = join(import.meta.dirname, '../../shared/adapters/aws/secrets-manager-store.ts');
    const script = `
      const { SecretsManagerStore } = await import(${JSON.stringify(module)});
      const { createRequire } = await import('node:module');
      const { cache } = createRequire(${JSON.stringify(module)});
      const isLoaded = () => Object.keys(cache).some((file) => file.includes('client-secrets-manager'));
      const before = isLoaded();
      await new SecretsManagerStore({ key: ${JSON.stringify(ARN)} }).get('key');
      console.log(JSON.stringify([before, isLoaded()]));`;

    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, ...env },
    });

    expect(JSON.parse(stdout)).toEqual([false, true]);
  });
});

describe('SecretsManagerStore, when the service', () => {
  let service: AwsStub<ServiceInputTypes, ServiceOutputTypes, SecretsManagerClientResolvedConfig>;
  beforeAll(() => {
    service = mockClient(SecretsManagerClient);
  });
  afterEach(() => service.reset());
  afterAll(() => service.restore());

  it.each([
    ['ThrottlingException', 400],
    ['InternalServiceError', 500],
    ['AccessDeniedException', 400],
    ['DecryptionFailure', 400],
  ])('answers %s, may be asked again', async (name, httpStatusCode) => {
    service.on(GetSecretValueCommand).rejects(Object.assign(new Error('no'), { name, $metadata: { httpStatusCode } }));

    await expect(store.get('key')).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE', retryable: true });
  });

  it('has bytes in place of a text, says so', async () => {
    service.on(GetSecretValueCommand).resolves({ SecretBinary: new Uint8Array([1, 2, 3]) });

    await expect(store.get('key')).rejects.toMatchObject({ code: 'SECRET_NOT_TEXT', retryable: false });
  });
});
