import { setTimeout as delay } from 'node:timers/promises';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { describeCause, EventsUnavailableError } from '../../errors.ts';
import type { EventSink, OutgoingEvent, RefusedEvent } from '../../ports/event-sink.ts';
import { requestSettings } from './request-settings.ts';
import { isTransient, isTransientName } from './service-errors.ts';

const MAX_BATCH_ENTRIES = 10;
/** The most an entry may weigh, and all of a request together. */
const MAX_REQUEST_BYTES = 1_048_576;
/** What an entry's time counts for. */
const TIME_BYTES = 14;
const PUT_ATTEMPTS = 4;

export interface EventBridgeSinkOptions {
  readonly client: EventBridgeClient;
  /** Name or ARN. */
  readonly bus: string;
  /** The first pause before refused entries are put again; doubles. Default 50. */
  readonly retryDelayMs?: number;
}

interface SizedEvent {
  readonly event: OutgoingEvent;
  readonly entry: PutEventsRequestEntry;
  readonly bytes: number;
}

/** A bus of EventBridge. */
export class EventBridgeSink implements EventSink {
  readonly #client: EventBridgeClient;
  readonly #bus: string;
  readonly #retryDelayMs: number;

  constructor({ client, bus, retryDelayMs = 50 }: EventBridgeSinkOptions) {
    this.#client = client;
    this.#bus = bus;
    this.#retryDelayMs = retryDelayMs;
  }

  async put(events: readonly OutgoingEvent[]): Promise<readonly RefusedEvent[]> {
    const { fitting = [], tooLarge = [] } = Object.groupBy(
      events.map((event) => this.#toSized(event)),
      ({ bytes }) => (bytes > MAX_REQUEST_BYTES ? 'tooLarge' : 'fitting'),
    );
    const refused = await Promise.all(toBatches(fitting).map((batch) => this.#putBatch(batch)));
    return [
      ...tooLarge.map(({ event, bytes }) => ({
        event,
        reason: `it has ${bytes} bytes, and a bus takes ${MAX_REQUEST_BYTES}`,
      })),
      ...refused.flat(),
    ];
  }

  async #putBatch(batch: readonly SizedEvent[]): Promise<readonly RefusedEvent[]> {
    const refused: RefusedEvent[] = [];
    let remaining = batch;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#send(remaining);
      if ('rejected' in outcome) return [...refused, ...(await this.#putOneByOne(remaining, outcome.rejected))];
      const again: SizedEvent[] = [];
      for (const [index, { ErrorCode, ErrorMessage = '' }] of outcome.entries.entries()) {
        const sized = remaining[index];
        if (ErrorCode === undefined || sized === undefined) continue;
        if (isTransientName(ErrorCode)) again.push(sized);
        else refused.push({ event: sized.event, reason: `${ErrorCode} ${ErrorMessage}` });
      }
      if (again.length === 0) return refused;
      if (attempt === PUT_ATTEMPTS) {
        const reason = outcome.entries.find(({ ErrorCode }) => isTransientName(ErrorCode ?? ''))?.ErrorCode;
        throw new EventsUnavailableError(`${again.length} of ${batch.length} events were not taken: ${reason}`);
      }
      remaining = again;
      await delay(this.#retryDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  }

  /** A request is refused as a whole for one bad entry, too: its neighbours need not share its fate. */
  async #putOneByOne(batch: readonly SizedEvent[], reason: string): Promise<readonly RefusedEvent[]> {
    if (batch.length === 1) return batch.map(({ event }) => ({ event, reason }));
    return (await Promise.all(batch.map((sized) => this.#putBatch([sized])))).flat();
  }

  async #send(
    batch: readonly SizedEvent[],
  ): Promise<
    | { readonly entries: readonly { ErrorCode?: string | undefined; ErrorMessage?: string | undefined }[] }
    | { readonly rejected: string }
  > {
    try {
      const command = new PutEventsCommand({ Entries: batch.map(({ entry }) => entry) });
      const { Entries = [] } = await this.#client.send(command);
      return { entries: Entries };
    } catch (error) {
      if (isTransient(error)) throw new EventsUnavailableError(error);
      return { rejected: describeCause(error) };
    }
  }

  #toSized(event: OutgoingEvent): SizedEvent {
    const { source, detailType, atMs } = event;
    const detail = JSON.stringify(event.detail);
    return {
      event,
      entry: {
        EventBusName: this.#bus,
        Source: source,
        DetailType: detailType,
        Time: new Date(atMs),
        Detail: detail,
      },
      bytes: TIME_BYTES + [source, detailType, detail].reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    };
  }
}

/** Opens a bus, as the environment says where EventBridge is. @param bus its name or ARN */
export const openEventBridge = (bus: string): EventBridgeSink =>
  new EventBridgeSink({
    client: new EventBridgeClient(requestSettings(5_000, 50)),
    bus,
  });

function toBatches(events: readonly SizedEvent[]): readonly (readonly SizedEvent[])[] {
  const batches: SizedEvent[][] = [];
  let batch: SizedEvent[] = [];
  let batchBytes = 0;
  for (const sized of events) {
    if (batch.length === 0 || batch.length === MAX_BATCH_ENTRIES || batchBytes + sized.bytes > MAX_REQUEST_BYTES) {
      batch = [];
      batchBytes = 0;
      batches.push(batch);
    }
    batchBytes += sized.bytes;
    batch.push(sized);
  }
  return batches;
}
