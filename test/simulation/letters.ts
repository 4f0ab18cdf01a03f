import type { Delivery, OutgoingMessage, ReceiveOptions } from '../../shared/ports/task-queue.ts';

interface Letter {
  readonly id: string;
  readonly body: string;
  receiveCount: number;
  visibleAtMs: number;
}

const VISIBILITY_MS = 30_000;
const MAX_BATCH = 10;

/** Queues that no function consumes: who looks after the stack reads them, each call done at once. */
export class SimulatedLetters {
  readonly #nowMs: () => number;
  readonly #onRemoved: (body: string) => void;
  readonly #queues = new Map<string, Map<string, Letter>>();
  #put = 0;

  constructor(nowMs: () => number, onRemoved: (body: string) => void = () => undefined) {
    this.#nowMs = nowMs;
    this.#onRemoved = onRemoved;
  }

  bodies(queue: string): string[] {
    return [...(this.#queues.get(queue)?.values() ?? [])].map(({ body }) => body);
  }

  put(queue: string, { body }: OutgoingMessage): void {
    const letters = this.#queues.get(queue) ?? new Map<string, Letter>();
    this.#queues.set(queue, letters);
    const id = `${queue}/${++this.#put}`;
    letters.set(id, { id, body, receiveCount: 0, visibleAtMs: 0 });
  }

  receive(queue: string, { max = MAX_BATCH, visibilityMs = VISIBILITY_MS }: ReceiveOptions = {}): Delivery[] {
    const nowMs = this.#nowMs();
    const visible = [...(this.#queues.get(queue)?.values() ?? [])].filter(({ visibleAtMs }) => visibleAtMs <= nowMs);
    return visible.slice(0, max).map((letter) => {
      letter.receiveCount++;
      letter.visibleAtMs = nowMs + visibilityMs;
      const { id, body, receiveCount } = letter;
      return { messageId: id, body, receiveCount, receipt: id };
    });
  }

  remove(queue: string, receipt: string): void {
    const letter = this.#queues.get(queue)?.get(receipt);
    this.#queues.get(queue)?.delete(receipt);
    if (letter !== undefined) this.#onRemoved(letter.body);
  }

  hide(queue: string, receipt: string, visibilityMs: number): void {
    const letter = this.#queues.get(queue)?.get(receipt);
    if (letter !== undefined) letter.visibleAtMs = this.#nowMs() + visibilityMs;
  }
}
