import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { itemSizeBytes } from '../../shared/adapters/local/item-size.ts';
import { toItem } from '../../shared/adapters/stored-value.ts';
import type { OperationCounts } from '../../shared/billing/prices.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';

/** A request to a service, with its answer, both as text. */
export interface Exchange {
  readonly operation: string;
  readonly userAgent: string | undefined;
  readonly request: string;
  readonly answer: string;
}

export interface Invocation {
  readonly functionLabel: string;
  readonly memoryMb: number;
  /** JSON text. */
  readonly event: string;
  readonly durationMs: number;
}

const WRITE_UNIT_BYTES = 1_024;

/**
 * Notes what the emulators and functions are asked for, as AWS would bill it. Functions are told apart by what the SDK
 * says of itself (`AWS_SDK_UA_APP_ID`); what asks without a name is Lambda, polling a queue.
 */
export class Meter {
  readonly #ledger: Ledger;
  /** Whose message a receipt is for. */
  readonly #receipts = new Map<string, ReadonlySet<string>>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** @param exchange `operation` as DynamoDB calls it, asked to return its consumed capacity */
  table({ operation, userAgent, request, answer }: Exchange): void {
    const kind = TABLE_OPERATIONS[operation];
    if (kind === undefined) return;
    const given: unknown = JSON.parse(answer);
    const missed = operation === 'BatchGetItem' ? missedUnits(JSON.parse(request), given) : 0;
    this.#record(operation, userAgent, executionIdsIn(request), { [kind]: capacityOf(given) + missed });
  }

  /** @param exchange `operation` as SQS calls it */
  queue({ operation, userAgent, request, answer }: Exchange): void {
    const { Messages = [] } = Received.parse(answer === '' ? {} : JSON.parse(answer));
    for (const { Body, ReceiptHandle } of Messages) this.#receipts.set(ReceiptHandle, executionIdsIn(Body));
    const executionIds = operation.startsWith('Delete')
      ? new Set([...this.#receipts].flatMap(([receipt, ids]) => (request.includes(receipt) ? [...ids] : [])))
      : executionIdsIn(request + answer);
    this.#record(operation, userAgent, executionIds, { queueRequests: 1 });
  }

  /** @param exchange `operation`: the HTTP method; `request`: the object's key */
  objects({ operation, userAgent, request }: Exchange): void {
    const counts = operation === 'PUT' ? { objectPuts: 1 } : { objectGets: 1 };
    this.#record(`${operation} Object`, userAgent, executionIdsIn(request), counts);
  }

  /** An event that a bus has taken. */
  event({ userAgent, request }: Pick<Exchange, 'userAgent' | 'request'>): void {
    this.#record('PutEvents', userAgent, executionIdsIn(request), { busEvents: 1 });
  }

  invocation({ functionLabel, memoryMb, event, durationMs }: Invocation): void {
    const { routeKey } = Proxied.parse(JSON.parse(event));
    this.#ledger.record({
      operation: routeKey === undefined ? 'Invoke' : `Invoke ${routeKey}`,
      caller: functionLabel,
      executionIds: executionIdsIn(event),
      memoryMb,
      counts: {
        invocations: 1,
        computeGbSeconds: (memoryMb / 1_024) * (Math.ceil(durationMs) / 1_000),
        ...(routeKey !== undefined && { apiRequests: 1 }),
      },
    });
  }

  #record(
    operation: string,
    userAgent: string | undefined,
    executionIds: LedgerEntry['executionIds'],
    counts: Partial<OperationCounts>,
  ): void {
    // Powertools adds itself to the name.
    const caller = /\bapp\/(\S+?)(?=-PT-|\s|$)/.exec(userAgent ?? '')?.[1];
    this.#ledger.record({ operation, caller, executionIds, counts });
  }
}

export const TABLE_OPERATIONS: Readonly<Record<string, 'readUnits' | 'writeUnits'>> = {
  GetItem: 'readUnits',
  BatchGetItem: 'readUnits',
  Query: 'readUnits',
  PutItem: 'writeUnits',
  UpdateItem: 'writeUnits',
};

const Received = z.object({
  Messages: z.array(z.object({ Body: z.string(), ReceiptHandle: z.string() })).optional(),
});
const Proxied = z.looseObject({ routeKey: z.string().optional() });
const Capacity = z.object({ CapacityUnits: z.number() });
const Consumed = z.looseObject({
  ConsumedCapacity: z.union([Capacity.transform((one) => [one]), z.array(Capacity)]).optional(),
  /** Of a condition that did not hold: what stands. */
  Item: z.record(z.string(), z.any()).optional(),
});

/** A condition that does not hold costs as much as a write of what stands, and DynamoDB does not say so. */
function capacityOf(answer: unknown): number {
  const { ConsumedCapacity, Item } = Consumed.parse(answer);
  if (ConsumedCapacity !== undefined)
    return ConsumedCapacity.reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
  const bytes = Item === undefined ? 0 : itemSizeBytes(toItem(unmarshall(Item)));
  return Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
}

const Asked = z.object({
  RequestItems: z
    .record(z.string(), z.object({ Keys: z.array(z.unknown()), ConsistentRead: z.boolean().default(false) }))
    .default({}),
});
const Given = z.looseObject({
  Responses: z.record(z.string(), z.array(z.unknown())).default({}),
  UnprocessedKeys: z.record(z.string(), z.object({ Keys: z.array(z.unknown()) })).default({}),
});

/** DynamoDB bills each key of a batch as a read of its own, one that finds nothing too; DynamoDB Local leaves those out. */
function missedUnits(request: unknown, answer: unknown): number {
  const { RequestItems } = Asked.parse(request);
  const { Responses, UnprocessedKeys } = Given.parse(answer);
  return Object.entries(RequestItems).reduce((sum, [table, { Keys, ConsistentRead }]) => {
    const unread = UnprocessedKeys[table]?.Keys.length ?? 0;
    const missed = Keys.length - unread - (Responses[table]?.length ?? 0);
    return sum + missed * (ConsistentRead ? 1 : 0.5);
  }, 0);
}

/** Ids of the executions whose items, messages, routes or payloads a text names. */
const executionIdsIn = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/(?:EXEC#|\/executions\/|executionId\\*":\\*")([A-Za-z0-9_-]+)/g)].map(([, id = '']) => id),
  );
