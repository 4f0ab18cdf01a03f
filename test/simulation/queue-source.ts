import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { failedItems } from '../../infra/local/batch-response.ts';
import type { OutgoingMessage } from '../../shared/ports/task-queue.ts';
import { anSqsRecord } from '../support/sqs-record.ts';
import type { FunctionHost } from './function-host.ts';
import type { Surroundings } from './process.ts';

export interface QueueSettings {
  readonly name: string;
  readonly visibilityMs: number;
  /** Deliveries before a message goes to `deadLetters`; unbounded without. */
  readonly maxReceiveCount?: number;
  readonly deadLetters?: DeadLetterTarget;
  readonly batchSize: number;
  readonly maxConcurrency: number;
  readonly onRemoved?: (body: string) => void;
}

/** Where messages go that were delivered too often. */
export interface DeadLetterTarget {
  bury(id: string, body: string, receiveCount: number): void;
}

interface Message {
  readonly id: string;
  readonly body: string;
  receiveCount: number;
  /** Raised with each delivery: names the receipt that counts. */
  receipt: number;
  isGone: boolean;
}

/** A standard queue of SQS with the event source that feeds it to a function. */
export class SimulatedQueue {
  readonly #settings: QueueSettings;
  readonly #surroundings: Surroundings;
  readonly #host: FunctionHost<SQSEvent, SQSBatchResponse>;
  readonly #messages = new Set<Message>();
  readonly #visible: Message[] = [];
  #sent = 0;
  #deliveries = 0;
  #polls = 0;
  #atWork = 0;
  #isPolling = false;
  #firstMs: number | undefined;

  constructor(settings: QueueSettings, surroundings: Surroundings, host: FunctionHost<SQSEvent, SQSBatchResponse>) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#host = host;
  }

  /** Messages that are not removed. */
  get bodies(): string[] {
    return [...this.#messages].map(({ body }) => body);
  }

  get isEmpty(): boolean {
    return this.#messages.size === 0;
  }

  get requests(): { readonly sent: number; readonly polls: number } {
    return { sent: this.#sent, polls: this.#polls };
  }

  send(messages: readonly OutgoingMessage[]): void {
    for (const message of messages) this.#accept(message);
  }

  /** Takes over what was delivered too often elsewhere. */
  bury(id: string, body: string, receiveCount: number): void {
    this.#keep({ id, body, receiveCount, receipt: 0, isGone: false }, 0);
  }

  #accept({ body, delayMs = 0 }: OutgoingMessage): void {
    const { faults, dice } = this.#surroundings;
    const id = `${this.#settings.name}/${++this.#sent}`;
    const fault = faults.at(id, ['messageTwice', 'messageLate', 'messageLost'], body);
    if (fault === 'messageLost') return;
    // Whole seconds, rounded up, as the adapter for SQS does.
    const delay = Math.ceil(delayMs / 1_000) * 1_000;
    const late = fault === 'messageLate' ? dice.int(`${id}/late`, 1, 60_000) : 0;
    const message = () => ({ id, body, receiveCount: 0, receipt: 0, isGone: false });
    this.#keep(message(), delay + late);
    if (fault === 'messageTwice') this.#keep(message(), delay + dice.int(`${id}/second`, 0, 5_000));
  }

  #keep(message: Message, delayMs: number): void {
    this.#messages.add(message);
    const latencyMs = this.#surroundings.latencies.queueMs(`${message.id}/latency ${message.receiveCount}`);
    this.#surroundings.loop.after(delayMs + latencyMs, () => this.#show(message));
  }

  #show(message: Message): void {
    if (message.isGone) return;
    const { maxReceiveCount, deadLetters, name } = this.#settings;
    if (maxReceiveCount !== undefined && message.receiveCount >= maxReceiveCount) {
      this.#remove(message);
      this.#surroundings.trace(() => `${name} gives ${message.id} up`);
      deadLetters?.bury(message.id, message.body, message.receiveCount);
      return;
    }
    this.#visible.push(message);
    this.#poll();
  }

  #poll(): void {
    const { loop, latencies } = this.#surroundings;
    this.#firstMs ??= loop.nowMs;
    const consumers = Math.floor(latencies.consumersAfter((loop.nowMs - this.#firstMs) / 1_000));
    if (this.#isPolling || this.#visible.length === 0) return;
    if (this.#atWork >= Math.min(this.#settings.maxConcurrency, consumers)) return;
    this.#isPolling = true;
    const site = `${this.#settings.name}/poll ${++this.#polls}`;
    loop.after(this.#surroundings.dice.roll(site) * 5, () => {
      this.#isPolling = false;
      this.#deliver(this.#take(site));
      this.#poll();
    });
  }

  /** Some of what is visible, in any order. */
  #take(site: string): Message[] {
    const { dice, latencies } = this.#surroundings;
    const { batchSize } = this.#settings;
    const most = latencies.hasFullBatches ? batchSize : dice.int(`${site}/count`, 1, batchSize);
    const count = Math.min(this.#visible.length, most);
    return Array.from({ length: count }, (_, index) =>
      this.#visible.splice(dice.int(`${site}/${index}`, 0, this.#visible.length - 1), 1),
    )
      .flat()
      .filter(({ isGone }) => !isGone);
  }

  #deliver(batch: readonly Message[]): void {
    if (batch.length === 0) return;
    const { faults, dice, loop, trace } = this.#surroundings;
    const { name, visibilityMs, maxReceiveCount } = this.#settings;
    const site = `${name}/delivery ${++this.#deliveries}`;
    const receipts = batch.map((message) => {
      message.receiveCount++;
      const receipt = ++message.receipt;
      const endsEarly = faults.at(`${site}/${message.id}`, ['visibilityEnds'], message.body) !== undefined;
      loop.after(endsEarly ? dice.int(`${site}/${message.id}/visible`, 10, 20_000) : visibilityMs, () => {
        if (message.receipt === receipt) this.#show(message);
      });
      return receipt;
    });
    this.#atWork++;
    trace(() => `${site}: ${batch.map(({ id, receiveCount }) => `${id} (${receiveCount})`).join(', ')}`);
    void this.#host.invoke(toEvent(name, batch)).then((outcome) => {
      this.#atWork--;
      const identifiers = batch.map(({ id }) => id);
      const failed = failedItems(outcome.ok ? outcome : { ok: false, reason: '' }, identifiers, true);
      const fault = faults.at(`${site}/removal`, ['removalLost', 'buried'], name);
      for (const [index, message] of batch.entries()) {
        if (failed.has(message.id)) continue;
        // By a receipt that has expired a message is removed or not.
        const counts = message.receipt === receipts[index] || dice.chance(`${site}/${message.id}/expired`, 0.5);
        if (fault === 'removalLost' || !counts || message.isGone) continue;
        this.#remove(message);
        this.#settings.onRemoved?.(message.body);
        if (fault === 'buried') this.#settings.deadLetters?.bury(message.id, message.body, maxReceiveCount ?? 1);
      }
      this.#poll();
    });
  }

  #remove(message: Message): void {
    message.isGone = true;
    this.#messages.delete(message);
  }
}

const toEvent = (queue: string, batch: readonly Message[]): SQSEvent => ({
  Records: batch.map(({ id, body, receiveCount, receipt }) =>
    anSqsRecord({ messageId: id, body, receiveCount, receiptHandle: String(receipt), queue }),
  ),
});
