import type { AttributeValue, _Record as StreamRecord } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord, AttributeValue as EventAttribute } from 'aws-lambda';
import { LOCAL_REGION } from './emulators.ts';

/** DynamoDB Local says of a record in which minute it was made, DynamoDB in which second. */
const MINUTE_MS = 60_000;

/** A stream record as Lambda hands it to a function: JSON, bytes in base64. */
export function toDynamoDbRecord(record: StreamRecord, streamArn: string, readAtMs: number): DynamoDBRecord {
  const {
    eventID = '',
    eventName,
    dynamodb: { ApproximateCreationDateTime, Keys, NewImage, OldImage, SequenceNumber = '', SizeBytes } = {},
  } = record;
  return {
    eventID,
    ...(eventName !== undefined && { eventName }),
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: LOCAL_REGION,
    eventSourceARN: streamArn,
    dynamodb: {
      ApproximateCreationDateTime: createdAtS(ApproximateCreationDateTime?.getTime() ?? readAtMs, readAtMs),
      ...(Keys !== undefined && { Keys: toImage(Keys) }),
      ...(NewImage !== undefined && { NewImage: toImage(NewImage) }),
      ...(OldImage !== undefined && { OldImage: toImage(OldImage) }),
      SequenceNumber,
      ...(SizeBytes !== undefined && { SizeBytes }),
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  };
}

/** Of a whole minute the last second that it can have been: records are read as they come. */
function createdAtS(createdAtMs: number, readAtMs: number): number {
  const latestMs = createdAtMs % MINUTE_MS === 0 ? createdAtMs + MINUTE_MS - 1 : createdAtMs;
  return Math.floor(Math.min(latestMs, Math.max(readAtMs, createdAtMs)) / 1_000);
}

const toImage = (image: Readonly<Record<string, AttributeValue>>): Record<string, EventAttribute> =>
  Object.fromEntries(Object.entries(image).map(([name, value]) => [name, toEventAttribute(value)]));

function toEventAttribute(value: AttributeValue): EventAttribute {
  if (value.B !== undefined) return { B: toBase64(value.B) };
  if (value.BS !== undefined) return { BS: value.BS.map(toBase64) };
  if (value.L !== undefined) return { L: value.L.map(toEventAttribute) };
  if (value.M !== undefined) return { M: toImage(value.M) };
  if (value.S !== undefined) return { S: value.S };
  if (value.N !== undefined) return { N: value.N };
  if (value.SS !== undefined) return { SS: value.SS };
  if (value.NS !== undefined) return { NS: value.NS };
  if (value.BOOL !== undefined) return { BOOL: value.BOOL };
  return { NULL: true };
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
