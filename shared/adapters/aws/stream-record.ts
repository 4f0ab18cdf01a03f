import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { CorruptItemError } from '../../errors.ts';
import type { ChangeRecord } from '../../ports/change-feed.ts';
import type { Item, ItemKey } from '../../ports/item-table.ts';
import { toItem } from '../stored-value.ts';

/** An attribute as the streams API gives it (`B` as bytes) or a Lambda event does (`B` in base64). */
interface StreamAttribute {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
  readonly B?: Uint8Array | string | undefined;
  readonly BOOL?: boolean | undefined;
  readonly NULL?: boolean | undefined;
  readonly SS?: readonly string[] | undefined;
  readonly L?: readonly StreamAttribute[] | undefined;
  readonly M?: StreamImage | undefined;
}

interface StreamImage {
  readonly [name: string]: StreamAttribute;
}

/** What is read of a DynamoDB stream record, as a Lambda event (`DynamoDBRecord`) or the streams API gives it. */
export interface TableStreamRecord {
  readonly dynamodb?:
    | {
        readonly Keys?: StreamImage | undefined;
        readonly OldImage?: StreamImage | undefined;
        readonly NewImage?: StreamImage | undefined;
        readonly SequenceNumber?: string | undefined;
      }
    | undefined;
}

/**
 * The change a stream record tells of. The stream's view must be `NEW_AND_OLD_IMAGES`.
 *
 * @throws CorruptItemError for a record without keys or sequence number, or an image with an attribute that is not ours.
 */
export function toChangeRecord({ dynamodb }: TableStreamRecord): ChangeRecord {
  if (dynamodb?.Keys === undefined || dynamodb.SequenceNumber === undefined) {
    throw new CorruptItemError('A stream record', 'it has no keys or no sequence number');
  }
  const { pk, sk }: ItemKey = readImage(dynamodb.Keys);
  return {
    sequence: dynamodb.SequenceNumber,
    key: { pk, sk },
    ...(dynamodb.OldImage !== undefined && { before: readImage(dynamodb.OldImage) }),
    ...(dynamodb.NewImage !== undefined && { after: readImage(dynamodb.NewImage) }),
  };
}

const readImage = (image: StreamImage): Item => toItem(unmarshall(toAttributes(image), { wrapNumbers: Number }));

const toAttributes = (image: StreamImage): Record<string, AttributeValue> =>
  Object.fromEntries(Object.entries(image).map(([name, attribute]) => [name, toAttribute(name, attribute)]));

/** What `unmarshall` takes. */
function toAttribute(name: string, attribute: StreamAttribute): AttributeValue {
  if (isScalarOrSet(attribute)) return attribute;
  const { B, L, M } = attribute;
  // A plain Uint8Array, not Node's Buffer, so that items compare equal whatever they came through.
  if (B !== undefined) return { B: typeof B === 'string' ? new Uint8Array(Buffer.from(B, 'base64')) : B };
  if (L !== undefined) return { L: L.map((element) => toAttribute(name, element)) };
  if (M !== undefined) return { M: toAttributes(M) };
  // DynamoDB Local leaves the type of an empty map out.
  if (Object.keys(attribute).length === 0) return { M: {} };
  throw new CorruptItemError(`The attribute '${name}'`, `it has the type ${Object.keys(attribute).join()}`);
}

const isScalarOrSet = (attribute: StreamAttribute): attribute is AttributeValue =>
  ['S', 'N', 'BOOL', 'NULL', 'SS'].some((type) => type in attribute);
