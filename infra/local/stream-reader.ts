import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type _Record as StreamRecord,
} from '@aws-sdk/client-dynamodb-streams';

/** A shard that is read, by its next iterator. */
interface OpenShard {
  readonly id: string;
  iterator: string | undefined;
}

/** Reads a table's stream from its beginning, shard by shard: a shard's children after it. */
export class StreamReader {
  readonly #streams: DynamoDBStreamsClient;
  readonly #streamArn: string;
  readonly #known = new Set<string>();
  #open: OpenShard[] = [];

  constructor(streams: DynamoDBStreamsClient, streamArn: string) {
    this.#streams = streams;
    this.#streamArn = streamArn;
  }

  /** What is new in all open shards, in the order of each. */
  async read(
    signal: AbortSignal,
  ): Promise<readonly { readonly shardId: string; readonly records: readonly StreamRecord[] }[]> {
    if (this.#open.length === 0) await this.#openShards(signal);
    const read = await Promise.all(
      this.#open.map(async (shard) => {
        const { Records = [], NextShardIterator } = await this.#streams.send(
          new GetRecordsCommand({ ShardIterator: shard.iterator }),
          { abortSignal: signal },
        );
        shard.iterator = NextShardIterator;
        return { shardId: shard.id, records: Records };
      }),
    );
    // A shard that has ended gives no further iterator; its children are opened once all its siblings have ended too.
    this.#open = this.#open.filter(({ iterator }) => iterator !== undefined);
    return read;
  }

  async #openShards(signal: AbortSignal): Promise<void> {
    const { StreamDescription } = await this.#streams.send(new DescribeStreamCommand({ StreamArn: this.#streamArn }), {
      abortSignal: signal,
    });
    const unread = (StreamDescription?.Shards ?? []).filter(({ ShardId = '' }) => !this.#known.has(ShardId));
    const waiting = new Set(unread.map(({ ShardId }) => ShardId));
    const next = unread.filter(({ ParentShardId }) => !waiting.has(ParentShardId));
    this.#open = await Promise.all(
      next.map(async ({ ShardId = '' }) => {
        const command = new GetShardIteratorCommand({
          StreamArn: this.#streamArn,
          ShardId,
          ShardIteratorType: 'TRIM_HORIZON',
        });
        const { ShardIterator } = await this.#streams.send(command, { abortSignal: signal });
        this.#known.add(ShardId);
        return { id: ShardId, iterator: ShardIterator };
      }),
    );
  }
}
