import { setTimeout as delay } from 'node:timers/promises';
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describeCause, FanjoinError, ItemTooLargeError, TableUnavailableError } from '../../errors.ts';
import type {
  Condition,
  Item,
  ItemChange,
  ItemKey,
  ItemTable,
  ListOptions,
  Page,
  QueryOptions,
  ReadOptions,
  WriteOutcome,
} from '../../ports/item-table.ts';
import { assertValidChange, assertValidKey, notASetError, toItem, toStored } from '../stored-value.ts';
import { compileCondition, Placeholders } from './condition-expression.ts';
import { errorName, isTransient } from './service-errors.ts';

/** The sparse index of due items: `dueShard` (string) is its partition key, `dueAtMs` (number) its sort key. */
export const DUE_INDEX = 'due';

/** The index of executions: `workflow` is its partition key, `listedAs` its sort key; it holds `LISTED_ATTRIBUTES`. */
export const LISTING_INDEX = 'byWorkflow';

/** DynamoDB's bound on one BatchGetItem. */
const MAX_BATCH_KEYS = 100;
const BATCH_ATTEMPTS = 8;
const DEFAULT_LIMIT = 1_000;

export interface DynamoItemTableOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** The first pause before keys that a batch left unprocessed are asked for again; doubles. Default 50. */
  readonly retryDelayMs?: number;
}

/** The item table in DynamoDB. Reads are strongly consistent but for `queryDue` and `queryListed`, which read an index. */
export class DynamoItemTable implements ItemTable {
  readonly #client: DynamoDBDocumentClient;
  readonly #tableName: string;
  readonly #retryDelayMs: number;

  constructor({ client, tableName, retryDelayMs = 50 }: DynamoItemTableOptions) {
    this.#client = DynamoDBDocumentClient.from(client, {
      marshallOptions: {
        // Beyond 2^53 as well: what is exact in JavaScript comes back the same.
        allowImpreciseNumbers: true,
        // Without it a map with the name `constructor` is taken for an instance of a class, and refused.
        convertClassInstanceToMap: true,
      },
      // Without it numbers beyond 2^53 come back as BigInt.
      unmarshallOptions: { wrapNumbers: Number },
    });
    this.#tableName = tableName;
    this.#retryDelayMs = retryDelayMs;
  }

  async put(item: Item, condition?: Condition): Promise<WriteOutcome> {
    assertValidKey(item);
    const placeholders = new Placeholders();
    const stored = toStored(item);
    const command = new PutCommand({
      TableName: this.#tableName,
      Item: stored,
      ...conditionFields(condition, placeholders),
      ...placeholders.fields(),
    });
    // A put does not answer with the item: what was written is what was sent.
    return this.#write('put', item, async () => {
      await this.#client.send(command);
      return stored;
    });
  }

  async update(key: ItemKey, change: ItemChange, condition?: Condition): Promise<WriteOutcome> {
    assertValidKey(key);
    assertValidChange(change);
    const placeholders = new Placeholders();
    const expression = updateExpression(change, placeholders);
    const command = new UpdateCommand({
      TableName: this.#tableName,
      Key: keyOf(key),
      ...(expression !== '' && { UpdateExpression: expression }),
      ...conditionFields(condition, placeholders),
      ...placeholders.fields(),
      ReturnValues: 'ALL_NEW',
    });
    return this.#write('update', key, async () => {
      const { Attributes } = await this.#client.send(command);
      return toItem(Attributes ?? keyOf(key));
    });
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    const command = new GetCommand({ TableName: this.#tableName, Key: keyOf(key), ConsistentRead: true });
    const { Item: item } = await translating('get', () => this.#client.send(command));
    return item === undefined ? undefined : toItem(item);
  }

  async getMany(keys: readonly ItemKey[], { mayLag = false }: ReadOptions = {}): Promise<readonly Item[]> {
    const batches: Promise<readonly Item[]>[] = [];
    for (let start = 0; start < keys.length; start += MAX_BATCH_KEYS) {
      batches.push(this.#getBatch(keys.slice(start, start + MAX_BATCH_KEYS), !mayLag));
    }
    return (await Promise.all(batches)).flat();
  }

  async query(pk: string, options: QueryOptions = {}): Promise<Page> {
    const { prefix = '', after, limit = DEFAULT_LIMIT, descending = false, attributes } = options;
    const position = positionOf(after, prefix, descending);
    if (position === 'behind') return { items: [] };
    const placeholders = new Placeholders();
    const ofPartition = `${placeholders.name('pk')} = ${placeholders.value(pk)}`;
    const ofPrefix = prefix === '' ? '' : ` AND begins_with(${placeholders.name('sk')}, ${placeholders.value(prefix)})`;
    const projection =
      attributes && [...new Set(['pk', 'sk', ...attributes])].map((name) => placeholders.name(name)).join(', ');
    const { items, last } = await this.#query('query', {
      KeyConditionExpression: ofPartition + ofPrefix,
      ConsistentRead: true,
      ScanIndexForward: !descending,
      Limit: limit,
      ...(projection !== undefined && { ProjectionExpression: projection }),
      ...(after !== undefined && position === 'within' && { ExclusiveStartKey: { pk, sk: after } }),
      ...placeholders.fields(),
    });
    return { items, ...(last !== undefined && { next: toItem(last).sk }) };
  }

  async queryDue(shard: string, untilMs: number, limit: number): Promise<readonly Item[]> {
    const placeholders = new Placeholders();
    return this.#queryIndex('queryDue', limit, {
      IndexName: DUE_INDEX,
      KeyConditionExpression: `${placeholders.name('dueShard')} = ${placeholders.value(shard)} AND ${placeholders.name('dueAtMs')} <= ${placeholders.value(untilMs)}`,
      ...placeholders.fields(),
    });
  }

  async queryListed(workflow: string, { before, from, limit }: ListOptions): Promise<readonly Item[]> {
    // DynamoDB takes no range that ends before it begins.
    if (before !== undefined && from !== undefined && from >= before) return [];
    const placeholders = new Placeholders();
    const ofWorkflow = `${placeholders.name('workflow')} = ${placeholders.value(workflow)}`;
    const ofRange = listedRange(before, from, placeholders);
    const items = await this.#queryIndex('queryListed', limit + 1, {
      IndexName: LISTING_INDEX,
      KeyConditionExpression: ofWorkflow + ofRange,
      ScanIndexForward: false,
      ...placeholders.fields(),
    });
    // A range with both ends has them in it.
    return items.filter(({ listedAs }) => listedAs !== before).slice(0, limit);
  }

  async #queryIndex(
    operation: string,
    limit: number,
    input: Omit<QueryCommandInput, 'TableName'>,
  ): Promise<readonly Item[]> {
    const found: Item[] = [];
    let start: QueryCommandInput['ExclusiveStartKey'];
    do {
      const { items, last } = await this.#query(operation, {
        ...input,
        Limit: limit - found.length,
        ...(start !== undefined && { ExclusiveStartKey: start }),
      });
      found.push(...items);
      start = last;
    } while (start !== undefined && found.length < limit);
    return found;
  }

  async #query(
    operation: string,
    input: Omit<QueryCommandInput, 'TableName'>,
  ): Promise<{ items: readonly Item[]; last?: Record<string, unknown> }> {
    const command = new QueryCommand({ TableName: this.#tableName, ...input });
    const { Items = [], LastEvaluatedKey } = await translating(operation, () => this.#client.send(command));
    return { items: Items.map(toItem), ...(LastEvaluatedKey !== undefined && { last: LastEvaluatedKey }) };
  }

  async #getBatch(keys: readonly ItemKey[], isConsistent: boolean): Promise<readonly Item[]> {
    const items: Item[] = [];
    let remaining: Record<string, unknown>[] = keys.map(keyOf);
    for (let attempt = 0; remaining.length > 0; attempt++) {
      if (attempt === BATCH_ATTEMPTS) {
        throw new TableUnavailableError(
          'getMany',
          `${remaining.length} keys were left unprocessed ${BATCH_ATTEMPTS} times`,
        );
      }
      // Jittered, so that batches that were throttled together do not come back together.
      if (attempt > 0) await delay(this.#retryDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
      const command = new BatchGetCommand({
        RequestItems: { [this.#tableName]: { Keys: remaining, ConsistentRead: isConsistent } },
      });
      const { Responses, UnprocessedKeys } = await translating('getMany', () => this.#client.send(command));
      items.push(...(Responses?.[this.#tableName] ?? []).map(toItem));
      remaining = UnprocessedKeys?.[this.#tableName]?.Keys ?? [];
    }
    return items;
  }

  async #write(operation: string, key: ItemKey, send: () => Promise<Item>): Promise<WriteOutcome> {
    try {
      return { written: true, item: await send() };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        // The document client leaves what an exception holds as it is.
        const standing = error.Item && toItem(unmarshall(error.Item, { wrapNumbers: Number }));
        return { written: false, standing };
      }
      throw toTableError(operation, error, key);
    }
  }
}

/** DynamoDB takes one condition on a sort key. */
function listedRange(before: string | undefined, from: string | undefined, placeholders: Placeholders): string {
  if (before === undefined && from === undefined) return '';
  const name = placeholders.name('listedAs');
  if (from === undefined) return ` AND ${name} < ${placeholders.value(before ?? '')}`;
  if (before === undefined) return ` AND ${name} >= ${placeholders.value(from)}`;
  return ` AND ${name} BETWEEN ${placeholders.value(from)} AND ${placeholders.value(before)}`;
}

/** The key alone: DynamoDB refuses more, and callers may pass whole items. */
const keyOf = ({ pk, sk }: ItemKey) => ({ pk, sk });

function conditionFields(condition: Condition | undefined, placeholders: Placeholders) {
  return (
    condition !== undefined && {
      ConditionExpression: compileCondition(condition, placeholders),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    }
  );
}

function updateExpression(change: ItemChange, placeholders: Placeholders): string {
  const sets: string[] = [];
  const removals = (change.remove ?? []).map((name) => placeholders.name(name));
  const additions: string[] = [];
  for (const [name, value] of Object.entries(change.set ?? {})) {
    if (value === undefined) continue;
    const placeholder = placeholders.value(value);
    // An empty set is not stored, so overwriting with one removes.
    if (placeholder === undefined) removals.push(placeholders.name(name));
    else sets.push(`${placeholders.name(name)} = ${placeholder}`);
  }
  for (const [name, members] of Object.entries(change.addToSet ?? {})) {
    const placeholder = placeholders.value(new Set(members));
    if (placeholder !== undefined) additions.push(`${placeholders.name(name)} ${placeholder}`);
  }
  return [
    ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
    ...(removals.length > 0 ? [`REMOVE ${removals.join(', ')}`] : []),
    ...(additions.length > 0 ? [`ADD ${additions.join(', ')}`] : []),
  ].join(' ');
}

/**
 * Where `after` lies among the sort keys that begin with `prefix`, in the order of reading. DynamoDB refuses a start key
 * outside of what is queried, so one before it must be left out, and one behind it means there is nothing more.
 */
function positionOf(after: string | undefined, prefix: string, descending: boolean): 'before' | 'within' | 'behind' {
  if (after === undefined) return 'before';
  if (after.startsWith(prefix)) return 'within';
  const isLower = Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0;
  return isLower === descending ? 'behind' : 'before';
}

async function translating<T>(operation: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw toTableError(operation, error);
  }
}

function toTableError(operation: string, error: unknown, key?: ItemKey): Error {
  if (error instanceof FanjoinError) return error;
  if (isTransient(error)) return new TableUnavailableError(operation, error);
  const message = describeCause(error);
  if (key !== undefined && errorName(error) === 'ValidationException') {
    if (/item size/i.test(message)) return new ItemTooLargeError(key.pk, key.sk, undefined, error);
    if (/incorrect data type|type mismatch for add/i.test(message)) return notASetError(key.pk, key.sk, error);
  }
  return new FanjoinError('TABLE_REJECTED', `The table refused the request (${operation}): ${message}`, {
    cause: error,
  });
}
