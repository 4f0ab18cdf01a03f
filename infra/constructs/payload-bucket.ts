import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { allow } from './allow.ts';

export interface PayloadBucketProps {
  /** What becomes of the bucket when its stack is deleted. @default RETAIN: items of the table point into it */
  readonly removalPolicy?: RemovalPolicy;
  /** Payloads of executions are deleted so long after they were written; definitions never are. @default they are kept */
  readonly retention?: Duration;
}

/** Payloads too large for an item. */
export class PayloadBucket extends Construct {
  readonly bucket: Bucket;

  constructor(
    scope: Construct,
    id: string,
    { removalPolicy = RemovalPolicy.RETAIN, retention }: PayloadBucketProps = {},
  ) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      lifecycleRules: [
        { id: 'broken-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        ...(retention === undefined ? [] : [{ id: 'old-executions', prefix: 'executions/', expiration: retention }]),
      ],
      removalPolicy,
    });
    acknowledge(
      this.bucket,
      'S1',
      'Only the functions of the executor reach it; who asks for what stands in the access log of the API. Logs of objects would cost a line for each payload',
    );
  }

  /** Lets a function read and write payloads, and tells it where they are. */
  connect(user: LambdaFunction): void {
    this.#allowObjects(user, 's3:GetObject', 's3:PutObject');
    // Without it S3 answers 403, not 404, for an object that does not exist.
    allow(user, ['s3:ListBucket'], this.bucket.bucketArn);
    this.tell(user);
  }

  /** Lets a function write payloads, and tells it where to. */
  connectWriter(user: LambdaFunction): void {
    this.#allowObjects(user, 's3:PutObject');
    this.tell(user);
  }

  #allowObjects(user: LambdaFunction, ...actions: readonly string[]): void {
    allow(user, actions, this.bucket.arnForObjects('*'));
    const { defaultChild } = this.bucket.node;
    if (user.role === undefined || !CfnBucket.isCfnBucket(defaultChild)) return;
    const logicalId = String(Stack.of(this).resolve(defaultChild.logicalId));
    acknowledge(
      user.role,
      `IAM5[Resource::<${logicalId}.Arn>/*]`,
      'Keys of payloads are made at run time; the bucket has nothing else',
    );
  }

  /** Tells a function where payloads are, and lets it do nothing with them. */
  tell(user: LambdaFunction): void {
    user.addEnvironment('BUCKET_NAME', this.bucket.bucketName);
  }
}
