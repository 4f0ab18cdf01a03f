import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toBucketEvent, toldBuckets } from '../../infra/local/bucket-events.ts';
import { type Emulator, LOCAL_CREDENTIALS, LOCAL_REGION, startFauxqs } from '../../infra/local/emulators.ts';
import type { ObjectChange } from '../../infra/local/object-changes.ts';
import { readResources } from '../../infra/local/read-resources.ts';
import { Template } from '../../infra/local/template.ts';

const Bucket = 'uploads';

describe('what the S3 emulator tells of objects', () => {
  const heard: ObjectChange[] = [];
  let fauxqs: Emulator;
  let s3: S3Client;
  beforeAll(async () => {
    fauxqs = await startFauxqs(undefined, (change) => heard.push(change));
    s3 = new S3Client({ region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS, endpoint: fauxqs.endpoint });
    await s3.send(new CreateBucketCommand({ Bucket }));
  });
  beforeEach(() => void heard.splice(0));
  afterAll(async () => {
    s3?.destroy();
    await fauxqs?.stop();
  });

  it('is what was put, copied and deleted, by its key', async () => {
    const Key = 'in/a b&ü+c.txt';
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'hello' }));
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${encodeURIComponent(Key)}` }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'copy' }));
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }, { Key: 'never' }] } }));

    await expect.poll(() => heard).toHaveLength(5);
    const made = { size: 5, etag: ETag?.replaceAll('"', '') };
    expect(heard).toEqual([
      { bucket: Bucket, key: Key, reason: 'PutObject', made },
      { bucket: Bucket, key: 'copy', reason: 'CopyObject', made },
      { bucket: Bucket, key: 'copy', reason: 'DeleteObject' },
      { bucket: Bucket, key: Key, reason: 'DeleteObject' },
      { bucket: Bucket, key: 'never', reason: 'DeleteObject' },
    ]);
  });

  it('is an upload in parts once it is complete, and nothing that failed', async () => {
    const Key = 'large';
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: '123' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
    await s3.send(new PutObjectCommand({ Bucket: 'not-there', Key, Body: 'x' })).catch(() => undefined);

    await expect.poll(() => heard.length).toBeGreaterThan(0);
    expect(heard).toEqual([
      { bucket: Bucket, key: Key, reason: 'CompleteMultipartUpload', made: { size: 3, etag: expect.any(String) } },
    ]);
  });
});

describe('an event of a bucket', () => {
  it('is as S3 has it, and later ones have a higher sequencer', () => {
    const change = { bucket: Bucket, key: 'k', reason: 'PutObject', made: { size: 1, etag: 'e' } };
    const [first, second] = [toBucketEvent(change, 9, 0), toBucketEvent({ ...change, reason: 'DeleteObject' }, 10, 0)];

    expect(first).toMatchObject({
      source: 'aws.s3',
      'detail-type': 'Object Created',
      resources: ['arn:aws:s3:::uploads'],
      time: '1970-01-01T00:00:00Z',
      detail: { bucket: { name: Bucket }, object: { key: 'k', size: 1, etag: 'e' }, reason: 'PutObject' },
    });
    expect(JSON.stringify(second.detail.object) > JSON.stringify(first.detail.object)).toBe(true);
  });

  it('is told of buckets that tell EventBridge, by their property or by the CDK’s custom resource', () => {
    const bucket = (NotificationConfiguration?: object) => ({
      Type: 'AWS::S3::Bucket',
      Properties: { ...(NotificationConfiguration !== undefined && { NotificationConfiguration }) },
    });
    const Resources = {
      Silent: bucket(),
      Off: bucket({ EventBridgeConfiguration: { EventBridgeEnabled: false } }),
      Telling: bucket({ EventBridgeConfiguration: { EventBridgeEnabled: true } }),
      Custom: bucket(),
      Notifications: {
        Type: 'Custom::S3BucketNotifications',
        Properties: {
          ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:Handler',
          BucketName: { Ref: 'Custom' },
          NotificationConfiguration: { EventBridgeConfiguration: {} },
          Managed: true,
        },
      },
    };

    const told = toldBuckets(readResources(Template.parse({ Resources }), 'http://127.0.0.1:1'));

    expect([...told].sort()).toEqual(['custom', 'telling']);
  });
});
