import type { Logger } from '../observability/logger.ts';
import type { ChangeRecord } from '../ports/change-feed.ts';
import { type Clock, within } from '../ports/clock.ts';
import { type Span, toSpans } from './to-spans.ts';

/** Hands spans to an exporter. Rejects if they were not taken. */
export type SendSpans = (spans: readonly Span[]) => Promise<void>;

/** What is heard is sent at most so much later. */
const DELAY_MS = 1_000;
/** An exporter that has not answered by then never does. */
const ANSWER_MS = 30_000;
const BATCH = 512;
/** Spans that wait while an exporter is slow; more are dropped. */
const MAX_WAITING = 20_000;

interface SpanExportParts {
  /** Called when there is a first span: what sends it need not be loaded before. */
  readonly load: () => Promise<SendSpans>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Exports the spans that changes tell of, off the path that nodes wait on. An exporter that fails or hangs costs spans and
 * nothing else: it is logged once, until it works again.
 */
export class SpanExport {
  readonly #parts: SpanExportParts;
  #send: Promise<SendSpans> | undefined;
  #waiting: Span[] = [];
  #cancelTimer: (() => void) | undefined;
  #sending: Promise<void> | undefined;
  /** It has kept somebody waiting in vain: nobody waits for it until it answers. */
  #isStuck = false;
  #isFailing = false;

  constructor(parts: SpanExportParts) {
    this.#parts = parts;
  }

  /** Cheap where nothing is traced. */
  hear(records: readonly ChangeRecord[]): void {
    for (const record of records) {
      if (record.after?.trace === undefined) continue;
      try {
        for (const span of toSpans(record)) this.#add(span);
      } catch (error) {
        this.#parts.logger.error('change cannot be traced', { item: record.key, error });
      }
    }
    if (this.#waiting.length === 0) return;
    this.#cancelTimer ??= this.#parts.clock.after(DELAY_MS, () => void this.#drain(), { isBackground: true });
  }

  /** Resolves when what was heard so far is sent, well or not; after `maxMs` in any case, and at once where that was in vain before. */
  async flush(maxMs: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#sending === undefined) return;
    const sending = this.#drain();
    // What is bounded is the exporter; its code is there or is not.
    await this.#load().catch(() => undefined);
    // Somebody waits: a process that has nothing else to do must not end here.
    if (this.#isStuck || (await within(this.#parts.clock, maxMs, sending, { isBackground: false }))) return;
    this.#isStuck = true;
    this.#fail(notAnswered(maxMs));
  }

  #add(span: Span): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(span);
    else this.#fail(new Error(`More than ${MAX_WAITING} spans wait for the exporter`));
  }

  #drain(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** One batch after another: an exporter must not be called while it is at work. Never rejects. */
  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      try {
        const sent = (await this.#load())(batch);
        if (!(await within(this.#parts.clock, ANSWER_MS, sent))) throw notAnswered(ANSWER_MS);
        await sent;
        this.#isFailing = false;
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#isStuck = false;
  }

  #load(): Promise<SendSpans> {
    this.#send ??= this.#parts.load();
    return this.#send;
  }

  #fail(error: unknown): void {
    if (!this.#isFailing)
      this.#parts.logger.error(
        'spans could not be exported, and are lost: does a collector answer where they are sent?',
        { error },
      );
    this.#isFailing = true;
  }
}

const notAnswered = (ms: number): Error => new Error(`The exporter has not answered within ${ms} ms`);
