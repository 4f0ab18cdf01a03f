import { randomBytes } from 'node:crypto';
import { type BusEvent, toBusEvent } from './bus-event.ts';
import { LOCAL_ACCOUNT } from './emulators.ts';
import type { ObjectChange } from './object-changes.ts';
import type { LocalResources } from './read-resources.ts';
import { bucketName } from './references.ts';

/** Names of the buckets that send their events to EventBridge. */
export function toldBuckets({ buckets, notifications }: LocalResources): ReadonlySet<string> {
  return new Set([
    ...buckets.flatMap(({ id, properties: { NotificationConfiguration } }) =>
      NotificationConfiguration?.EventBridgeConfiguration?.EventBridgeEnabled === true ? [bucketName(id)] : [],
    ),
    ...notifications.flatMap(({ properties: { BucketName, NotificationConfiguration } }) =>
      NotificationConfiguration.EventBridgeConfiguration === undefined ? [] : [BucketName],
    ),
  ]);
}

/**
 * What S3 tells EventBridge of an object.
 * @param sequence rises with each change
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export function toBucketEvent({ bucket, key, reason, made }: ObjectChange, sequence: number, atMs: number): BusEvent {
  const sequencer = sequence.toString(16).toUpperCase().padStart(16, '0');
  return toBusEvent({
    source: 'aws.s3',
    'detail-type': made === undefined ? 'Object Deleted' : 'Object Created',
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: { key, ...made, sequencer },
      'request-id': randomBytes(8).toString('hex').toUpperCase(),
      requester: LOCAL_ACCOUNT,
      'source-ip-address': '127.0.0.1',
      reason,
      ...(made === undefined && { 'deletion-type': 'Permanently Deleted' }),
    },
    atMs,
  });
}
