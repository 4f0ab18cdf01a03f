import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assertDeployable } from '../../infra/local/deployment-rules.ts';
import { readResources } from '../../infra/local/read-resources.ts';
import { Template } from '../../infra/local/template.ts';
import { synthesized } from './synthesized.ts';

const QUEUES = 'http://127.0.0.1:4000';
const arnOf = (id: string, attribute = 'Arn') => ({ 'Fn::GetAtt': [id, attribute] });

/** A function that is fed by a queue and a stream, each with what AWS takes; and with what a test changes. */
function aTemplate(changes: { function?: object; queue?: object; ofQueue?: object; ofStream?: object }) {
  const key = [{ AttributeName: 'pk', KeyType: 'HASH' }];
  return readResources(
    Template.parse({
      Resources: {
        F: {
          Type: 'AWS::Lambda::Function',
          Properties: {
            Code: { S3Bucket: 'b', S3Key: 'k' },
            Handler: 'index.handler',
            Timeout: 60,
            ...changes.function,
          },
        },
        Q: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 60, ...changes.queue } },
        T: {
          Type: 'AWS::DynamoDB::Table',
          Properties: {
            AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
            ...{ BillingMode: 'PAY_PER_REQUEST', KeySchema: key },
          },
        },
        OfQueue: {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: { EventSourceArn: arnOf('Q'), FunctionName: { Ref: 'F' }, BatchSize: 10, ...changes.ofQueue },
        },
        OfStream: {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: {
            ...{ EventSourceArn: arnOf('T', 'StreamArn'), FunctionName: { Ref: 'F' }, BatchSize: 10_000 },
            ...{ StartingPosition: 'TRIM_HORIZON', ...changes.ofStream },
          },
        },
      },
    }),
    QUEUES,
  );
}
const deploy = (changes: Parameters<typeof aTemplate>[0]) => () => assertDeployable(aTemplate(changes));
const patterns = (count: number, length = 10) => ({
  FilterCriteria: { Filters: Array(count).fill({ Pattern: 'x'.repeat(length) }) },
});
/** Name and value have so many bytes together. */
const variables = (bytes: number) => ({ Environment: { Variables: { NAME: 'é'.repeat((bytes - 4) / 2) } } });

describe('what AWS refuses to deploy', () => {
  it('is nothing of the stack that is deployed', () => {
    const { template, outdir } = synthesized();
    rmSync(outdir, { recursive: true });
    const resources = readResources(Template.parse(template.toJSON()), QUEUES);

    expect(() => assertDeployable(resources)).not.toThrow();
  });

  it.each([
    ['as it is', {}],
    ['over 10 messages in a window', { ofQueue: { BatchSize: 11, MaximumBatchingWindowInSeconds: 1 } }],
    ['4 KB of variables', { function: variables(4_096) }],
    ['a window of the stream', { ofStream: { TumblingWindowInSeconds: 900 } }],
    ['five patterns of 4,096 characters', { ofStream: patterns(5, 4_096) }],
    ['a record age of a minute', { ofStream: { MaximumRecordAgeInSeconds: 60, MaximumRetryAttempts: 10_000 } }],
  ])('is not: %s', (_what, changes) => {
    expect(deploy(changes)).not.toThrow();
  });

  it.each([
    [
      { ofQueue: { BatchSize: 11 } },
      /OfQueue: Maximum batch window in seconds must be greater than 0 if maximum batch/,
    ],
    [
      { queue: { VisibilityTimeout: 59 } },
      /OfQueue: Queue visibility timeout: 59 seconds is less than Function timeout: 60 seconds/,
    ],
    [{ ofQueue: { ParallelizationFactor: 2 } }, /OfQueue: Unsupported ParallelizationFactor for/],
    [{ ofQueue: { BisectBatchOnFunctionError: true } }, /OfQueue: Unsupported BisectBatchOnFunctionError/],
    [{ ofQueue: { MaximumRetryAttempts: 3 } }, /OfQueue: Unsupported MaximumRetryAttempts/],
    [{ ofQueue: { MaximumRecordAgeInSeconds: 60 } }, /OfQueue: Unsupported MaximumRecordAgeInSeconds/],
    [{ ofQueue: { TumblingWindowInSeconds: 60 } }, /OfQueue: Unsupported TumblingWindowInSeconds/],
    [{ ofStream: { ScalingConfig: { MaximumConcurrency: 2 } } }, /OfStream: Unsupported ScalingConfig/],
    [{ ofStream: { StartingPosition: undefined } }, /OfStream: StartingPosition is required/],
    [{ ofStream: { TumblingWindowInSeconds: 60, ParallelizationFactor: 2 } }, /OfStream: a tumbling window needs/],
    [{ ofStream: { MaximumRecordAgeInSeconds: 59 } }, /OfStream: MaximumRecordAgeInSeconds must be between 60 and/],
    [{ ofStream: { MaximumRetryAttempts: 10_001 } }, /OfStream: MaximumRetryAttempts must be between -1 and 10000/],
    [{ ofStream: { BatchSize: 10_001 } }, /OfStream: BatchSize must be between 1 and 10000, and is 10001/],
    [{ ofStream: { MaximumBatchingWindowInSeconds: 301 } }, /OfStream: MaximumBatchingWindowInSeconds must be between/],
    [{ ofStream: patterns(11) }, /OfStream: The number of filters must be between 0 and 10, and is 11/],
    [{ ofStream: patterns(1, 4_097) }, /OfStream: The length of a filter pattern must be between 0 and 4096/],
    [{ queue: { DelaySeconds: 901 } }, /Q: DelaySeconds must be between 0 and 900/],
    [{ queue: { VisibilityTimeout: 43_201 } }, /Q: VisibilityTimeout must be between 0 and 43200/],
    [
      { queue: { RedrivePolicy: { deadLetterTargetArn: arnOf('Q'), maxReceiveCount: 1_001 } } },
      /Q: maxReceiveCount must be between 1 and 1000/,
    ],
    [{ function: { Timeout: 901 }, queue: { VisibilityTimeout: 901 } }, /F: Timeout must be between 1 and 900/],
    [{ function: { MemorySize: 127 } }, /F: MemorySize must be between 128 and 10240/],
    [{ function: variables(4_098) }, /F: the environment variables have 4098 bytes together/],
    [{ function: { Environment: { Variables: { AWS_REGION: 'x' } } } }, /F: .* reserved keys: AWS_REGION/],
    [{ function: { Environment: { Variables: { 'A-B': '', C: '', OK_1: '' } } } }, /F: .* these do not: A-B, C$/],
  ])('%j', (changes, refusal) => {
    expect(deploy(changes)).toThrow(refusal);
  });

  it('is told all at once, with the code of the error', () => {
    const refused = deploy({ function: { MemorySize: 1 }, ofQueue: { BatchSize: 11 } });

    expect(refused).toThrow(expect.objectContaining({ code: 'DEPLOYMENT_REFUSED' }));
    expect(refused).toThrow(/F: .*OfQueue: /s);
  });
});
