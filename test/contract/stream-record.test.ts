import type { DynamoDBRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { toChangeRecord } from '../../shared/adapters/aws/stream-record.ts';

/** As a Lambda event gives it: bytes are base64 text. */
const aRecord = (dynamodb: DynamoDBRecord['dynamodb']): DynamoDBRecord => ({
  eventName: 'MODIFY',
  dynamodb: { Keys: { pk: { S: 'P' }, sk: { S: 'A' } }, SequenceNumber: '123', ...dynamodb },
});

describe('toChangeRecord', () => {
  it('gives items of a Lambda event as the table would', () => {
    const NewImage = {
      pk: { S: 'P' },
      sk: { S: 'A' },
      n: { N: '1E+21' },
      bytes: { B: 'AP8=' },
      tags: { SS: ['a', 'b'] },
      nothing: { NULL: true },
      list: { L: [{ BOOL: false }, { M: {} }] },
    };

    const record = toChangeRecord(aRecord({ OldImage: { pk: { S: 'P' }, sk: { S: 'A' } }, NewImage }));

    expect(record).toStrictEqual({
      sequence: '123',
      key: { pk: 'P', sk: 'A' },
      before: { pk: 'P', sk: 'A' },
      after: {
        pk: 'P',
        sk: 'A',
        n: 1e21,
        bytes: new Uint8Array([0, 255]),
        tags: new Set(['a', 'b']),
        nothing: null,
        list: [false, {}],
      },
    });
  });

  it('has no before for an item that was created, and no after for one that was deleted', () => {
    const image = { pk: { S: 'P' }, sk: { S: 'A' } };

    expect(toChangeRecord(aRecord({ NewImage: image }))).not.toHaveProperty('before');
    expect(toChangeRecord(aRecord({ OldImage: image }))).not.toHaveProperty('after');
  });

  it('takes an attribute whose type DynamoDB Local left out for an empty map', () => {
    const { dynamodb } = aRecord({});
    const NewImage = { pk: { S: 'P' }, sk: { S: 'A' }, map: {}, list: { L: [{}] } };

    expect(toChangeRecord({ dynamodb: { ...dynamodb, NewImage } }).after).toStrictEqual({
      pk: 'P',
      sk: 'A',
      map: {},
      list: [{}],
    });
  });

  it('refuses an image with an attribute that is not ours', () => {
    const NewImage = { pk: { S: 'P' }, sk: { S: 'A' }, numbers: { NS: ['1'] } };

    expect(() => toChangeRecord(aRecord({ NewImage }))).toThrow(
      expect.objectContaining({ code: 'CORRUPT_ITEM', message: expect.stringContaining("'numbers'") }),
    );
  });

  it('refuses a record without keys or sequence number', () => {
    expect(() => toChangeRecord({})).toThrow(expect.objectContaining({ code: 'CORRUPT_ITEM' }));
    expect(() => toChangeRecord({ dynamodb: { Keys: { pk: { S: 'P' } }, SequenceNumber: '1' } })).toThrow(
      expect.objectContaining({ code: 'CORRUPT_ITEM' }),
    );
  });
});
