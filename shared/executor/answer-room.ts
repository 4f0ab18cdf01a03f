import type { Json } from '../model/json.ts';
import type { Payload } from '../model/result.ts';
import type { ValueLink } from '../model/value-link.ts';
import type { BlobLinks } from '../ports/blob-store.ts';
import type { Payloads } from '../store/payloads.ts';

/** What bounds an answer. */
export interface AnswerBounds {
  /** Bytes there are for values, as they stand in the answer. */
  readonly roomBytes: number;
  readonly links: BlobLinks;
}

/** Bytes of JSON as a Lambda function's answer holds it: as text within JSON, its quotes escaped. */
export const bytesInAnswer = (json: string): number => Buffer.byteLength(JSON.stringify(json));

/** A value in an answer, or where it is to be had. `undefined`: there is no room even for that. */
export type Placed = { readonly value: Json } | { readonly link: ValueLink } | undefined;

/** The room that one answer has for values: what does not fit is handed over as a link. */
export class AnswerRoom {
  readonly #payloads: Payloads;
  readonly #links: BlobLinks | undefined;
  readonly #prepared = new Map<Payload, string>();
  #leftBytes: number;

  /** @param bounds default: there is room for everything */
  constructor(payloads: Payloads, bounds: AnswerBounds | undefined) {
    this.#payloads = payloads;
    this.#links = bounds?.links;
    this.#leftBytes = bounds?.roomBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Loads a value that is to be placed soon, unless it cannot fit. */
  async prepare(payload: Payload): Promise<void> {
    if (sizeOf(payload) <= this.#leftBytes) this.#prepared.set(payload, await this.#payloads.loadText(payload));
  }

  /** Places a value; nothing is loaded that cannot fit. */
  async place(payload: Payload): Promise<Placed> {
    if (sizeOf(payload) <= this.#leftBytes) {
      const text = this.#prepared.get(payload) ?? (await this.#payloads.loadText(payload));
      this.#prepared.delete(payload);
      if (this.takes(() => text)) return { value: JSON.parse(text) };
    }
    if (!('blob' in payload) || this.#links === undefined) return undefined;
    const link = await this.#links.link({ key: payload.blob, bytes: payload.bytes });
    return this.takes(() => JSON.stringify(link)) ? { link } : undefined;
  }

  /** Places a value for which every answer has to have room: in itself, or as a link. */
  async placeAnyway(payload: Payload): Promise<NonNullable<Placed>> {
    const placed = await this.place(payload);
    if (placed !== undefined) return placed;
    if ('blob' in payload && this.#links !== undefined)
      return { link: await this.#links.link({ key: payload.blob, bytes: payload.bytes }) };
    return { value: await this.#payloads.load(payload) };
  }

  /** Whether there is room for a text, which then is taken. */
  takes(json: () => string): boolean {
    if (this.#links === undefined) return true;
    const bytes = bytesInAnswer(json());
    if (bytes > this.#leftBytes) return false;
    this.#leftBytes -= bytes;
    return true;
  }
}

/** So many are loaded at once. */
const AT_ONCE = 16;

/**
 * Places values in their order, up to the first that there is no room for. They are loaded side by side, and placed one after
 * another.
 *
 * @param payloadsOf what is to be loaded for a value
 */
export async function placeInOrder<Value, Out>(
  room: AnswerRoom,
  values: readonly Value[],
  payloadsOf: (value: Value) => readonly Payload[],
  place: (value: Value) => Promise<Out | undefined>,
): Promise<Out[]> {
  const all: Out[] = [];
  for (let at = 0; at < values.length; at += AT_ONCE) {
    const some = values.slice(at, at + AT_ONCE);
    await Promise.all(some.flatMap(payloadsOf).map((payload) => room.prepare(payload)));
    for (const value of some) {
      const placed = await place(value);
      if (placed === undefined) return all;
      all.push(placed);
    }
  }
  return all;
}

export const sizeOf = (payload: Payload): number => ('inline' in payload ? payload.inline.length : payload.bytes);
