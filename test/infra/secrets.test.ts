import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { afterAll, describe, expect, it } from 'vitest';
import type { ReadableSecret } from '../../infra/constructs/secret-access.ts';
import { ServerlessExecutor } from '../../infra/constructs/serverless-executor.ts';
import { readResources } from '../../infra/local/read-resources.ts';
import { Template as ReadTemplate } from '../../infra/local/template.ts';
import { synthesized } from './synthesized.ts';

const OWN_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:own-AbCdEf';

/** The template of an executor in a stack that brings its own secrets. */
function withSecrets(secrets: (stack: Stack) => Record<string, ReadableSecret>): {
  template: Template;
  outdir: string;
} {
  const outdir = mkdtempSync(join(tmpdir(), 'fanjoin-test-'));
  const stack = new Stack(
    new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false }),
    'Own',
  );
  new ServerlessExecutor(stack, 'Executor', {
    handlersEntry: join(import.meta.dirname, 'fixtures/handlers.ts'),
    secrets: secrets(stack),
  });
  return { template: Template.fromStack(stack), outdir };
}

const statements = (
  template: Template,
): { readonly Action: unknown; readonly Resource: unknown; readonly role: string }[] =>
  Object.values(template.findResources('AWS::IAM::Policy')).flatMap(({ Properties: { PolicyDocument, Roles } }) =>
    PolicyDocument.Statement.map((statement: object) => ({ ...statement, role: Roles[0].Ref })),
  );

const variablesOf = (template: Template): [string, Record<string, unknown>][] =>
  Object.entries(template.findResources('AWS::Lambda::Function')).map(([id, { Properties }]) => [
    id,
    Properties.Environment.Variables,
  ]);

describe('an executor with secrets', () => {
  const { template, outdir } = withSecrets((stack) => ({
    own: Secret.fromSecretCompleteArn(stack, 'Own', OWN_ARN),
    named: Secret.fromSecretNameV2(stack, 'Named', 'team/named'),
    made: new Secret(stack, 'Made', { encryptionKey: new Key(stack, 'Key') }),
  }));
  afterAll(() => rmSync(outdir, { recursive: true }));

  it('lets the node runner read exactly these, and nobody else any', () => {
    const reading = statements(template).filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager:'));

    expect(reading).toHaveLength(1);
    expect(reading[0]).toMatchObject({
      role: expect.stringContaining('NodeRunner'),
      Action: 'secretsmanager:GetSecretValue',
      Resource: [
        OWN_ARN,
        { 'Fn::Join': ['', expect.arrayContaining([expect.stringMatching(/:secret:team\/named-\?{6}$/)])] },
        { Ref: expect.stringMatching(/^Made/) },
      ],
    });
  });

  it('lets it use the key of one that has its own by way of the service only', () => {
    const decrypting = statements(template).filter(({ Action }) => JSON.stringify(Action).includes('kms:'));

    expect(decrypting).toEqual([
      expect.objectContaining({
        role: expect.stringContaining('NodeRunner'),
        Action: 'kms:Decrypt',
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
        Condition: { StringEquals: { 'kms:ViaService': expect.anything() } },
      }),
    ]);
  });

  it('tells the node runner where they are, the API their names, and the others nothing', () => {
    const told = variablesOf(template).flatMap(([id, variables]) =>
      Object.entries(variables)
        .filter(([name]) => name.startsWith('SECRET_'))
        .map(([name, value]) => [id.replace(/[0-9A-F]{8}$/, ''), name, value] as const),
    );

    expect(told.map(([id, name]) => [id, name]).sort()).toEqual([
      ['ExecutorApiFunction', 'SECRET_NAMES'],
      ['ExecutorNodeRunner', 'SECRET_ARNS'],
    ]);
    expect(told.find(([, name]) => name === 'SECRET_NAMES')?.[2]).toBe('["own","named","made"]');
    expect(JSON.stringify(told)).toContain(OWN_ARN);
  });

  it('has names that workflows can refer to', () => {
    expect(() => withSecrets((stack) => ({ 'not a name': Secret.fromSecretNameV2(stack, 'S', 's') }))).toThrow(
      expect.objectContaining({ code: 'INVALID_SECRET' }),
    );
  });
});

describe('an executor without secrets', () => {
  const { template, outdir } = synthesized();
  afterAll(() => rmSync(outdir, { recursive: true }));

  it('lets nobody read any, and says nothing of them', () => {
    expect(statements(template).filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager'))).toEqual([]);
    expect(variablesOf(template).flatMap(([, variables]) => Object.keys(variables))).not.toContain('SECRET_ARNS');
  });
});

describe('a stack that makes its secrets', () => {
  const { template, outdir } = synthesized({ newSecrets: ['stripe-key'] });
  rmSync(outdir, { recursive: true });

  it('gives them no value: none is in the template, and none is made up', () => {
    template.hasResource('AWS::SecretsManager::Secret', {
      Properties: { GenerateSecretString: Match.absent(), SecretString: Match.absent() },
      DeletionPolicy: 'Retain',
    });
  });

  it('runs locally, each secret known by its name', () => {
    const { secrets, functions } = readResources(ReadTemplate.parse(template.toJSON()), 'http://127.0.0.1:4000');
    const arns = functions.map(({ properties }) => properties.Environment.Variables.SECRET_ARNS).find(Boolean);

    expect(JSON.parse(arns ?? '')).toEqual({
      'stripe-key': `arn:aws:secretsmanager:us-east-1:000000000000:secret:${secrets[0]?.id}`,
    });
  });
});
