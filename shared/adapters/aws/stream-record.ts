import { CorruptItemError } from '../../errors.ts';
import type { ChangeRecord } from '../../ports/change-feed.ts';
import type { ItemKey } from '../../ports/item-table.ts';
import { fromAttributes, type ReadAttribute } from './attribute-value.ts';

/** What is read of a DynamoDB stream record, as a Lambda event (`DynamoDBRecord`) or the streams API gives it. */
export interface TableStreamRecord {
  readonly dynamodb?: {
    readonly Keys?: { readonly [name: string]: ReadAttribute } | undefined;
    readonly OldImage?: { readonly [name: string]: ReadAttribute } | undefined;
    readonly NewImage?: { readonly [name: string]: ReadAttribute } | undefined;
    readonly SequenceNumber?: string | undefined;
  } | undefined;
}

/**
 * The change a stream record tells of. The stream's view must be `NEW_AND_OLD_IMAGES`.
 *
 * A Lambda event does not name the shard its records came through. Pass the stream's ARN (`eventSourceARN`): the records
 * of one partition key come in ascending sequence even when its shard is split, and only they are ever compared.
 *
 * @throws CorruptItemError for a record without keys or sequence number.
 */
export function toChangeRecord({ dynamodb }: TableStreamRecord, shard: string): ChangeRecord {
  if (dynamodb?.Keys === undefined || dynamodb.SequenceNumber === undefined) {
    throw new CorruptItemError('A stream record', 'it has no keys or no sequence number');
  }
  const { pk, sk }: ItemKey = fromAttributes(dynamodb.Keys);
  return {
    shard,
    sequence: dynamodb.SequenceNumber,
    key: { pk, sk },
    ...(dynamodb.OldImage !== undefined && { before: fromAttributes(dynamodb.OldImage) }),
    ...(dynamodb.NewImage !== undefined && { after: fromAttributes(dynamodb.NewImage) }),
  };
}
