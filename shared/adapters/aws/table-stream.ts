import {
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { type ChangeLog, type ChangeRange, type ChangeRecord, compareSequence } from '../../ports/change-feed.ts';
import { errorName } from './service-errors.ts';
import { toChangeRecord } from './stream-record.ts';

const PAGE = 1_000;
/** A shard answers some pages with nothing between two that have records; so many in a row are its end. */
const MAX_EMPTY_PAGES = 20;

/** The shard has ended and was forgotten, or its oldest record is newer. A shard or number that never was is refused. */
const GONE: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'TrimmedDataAccessException',
  'ValidationException',
]);

export interface TableStreamOptions {
  readonly client: DynamoDBStreamsClient;
  readonly streamArn: string;
}

/** The stream of the table, which keeps changes for a day. */
export class TableStream implements ChangeLog {
  readonly #client: DynamoDBStreamsClient;
  readonly #streamArn: string;

  constructor({ client, streamArn }: TableStreamOptions) {
    this.#client = client;
    this.#streamArn = streamArn;
  }

  async read(range: ChangeRange): Promise<readonly ChangeRecord[] | undefined> {
    try {
      return await this.#read(range);
    } catch (error) {
      if (GONE.has(errorName(error))) return undefined;
      throw error;
    }
  }

  async #read({ shard, firstSequence, lastSequence }: ChangeRange): Promise<readonly ChangeRecord[]> {
    const { ShardIterator } = await this.#client.send(
      new GetShardIteratorCommand({
        StreamArn: this.#streamArn,
        ShardId: shard,
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        SequenceNumber: firstSequence,
      }),
    );
    const found: ChangeRecord[] = [];
    let iterator = ShardIterator;
    for (let empty = 0; iterator !== undefined && empty < MAX_EMPTY_PAGES; ) {
      const {
        Records = [],
        NextShardIterator,
      }: { Records?: object[] | undefined; NextShardIterator?: string | undefined } = await this.#client.send(
        new GetRecordsCommand({ ShardIterator: iterator, Limit: PAGE }),
      );
      const changes = Records.map(toChangeRecord);
      found.push(...changes.filter(({ sequence }) => compareSequence(sequence, lastSequence) <= 0));
      const last = changes.at(-1);
      if (last !== undefined && compareSequence(last.sequence, lastSequence) >= 0) break;
      empty = last === undefined ? empty + 1 : 0;
      iterator = NextShardIterator;
    }
    return found;
  }
}
