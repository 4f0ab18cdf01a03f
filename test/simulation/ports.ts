import type { BlobStore } from '../../shared/ports/blob-store.ts';
import type { EventSink, OutgoingEvent } from '../../shared/ports/event-sink.ts';
import type { ItemTable } from '../../shared/ports/item-table.ts';
import type { OutgoingMessage, TaskQueue, TaskSender } from '../../shared/ports/task-queue.ts';
import { SimulatedLetters } from './letters.ts';
import type { MemoryBlobs } from './memory-blobs.ts';
import type { MemoryTable } from './memory-table.ts';

/** What stands behind the ports of all processes. */
export interface Backend {
  readonly table: MemoryTable;
  readonly blobs: MemoryBlobs;
  /** What nobody could settle or deliver. */
  readonly letters: SimulatedLetters;
  /** The table as it was a moment ago, perhaps: an index of it, or what is read so. @param what is looked for */
  lagging(what: string): MemoryTable;
  /** Accepts messages. */
  send(pool: string, messages: readonly OutgoingMessage[]): void;
  /** Takes events onto the bus. */
  tell(events: readonly OutgoingEvent[]): void;
}

/** A call on its way to the backend. */
export interface Call<T> {
  readonly port: 'table' | 'blobs' | 'queue' | 'bus';
  /** With its subject, for people: `put EXEC#x1 META`. */
  readonly name: string;
  readonly isWrite: boolean;
  run(): T;
  /** Of a batch: does only a part of it. */
  runPart?(share: number): void;
}

/** Makes a call: at once, or on simulated time with all that may happen on the way. */
export type Caller = <T>(call: Call<T>) => Promise<T>;

export interface Ports {
  readonly table: ItemTable;
  readonly blobs: BlobStore;
  readonly sender: TaskSender;
  readonly bus: EventSink;
  /** Pools to send to, and queues that no function consumes. */
  readonly letters: TaskQueue;
}

/** The ports as one process sees them. */
export function portsOf({ table, blobs, letters, lagging, send, tell }: Backend, call: Caller): Ports {
  const read = <T>(name: string, run: () => T) => call({ port: 'table', name, isWrite: false, run });
  const write = <T>(name: string, run: () => T) => call({ port: 'table', name, isWrite: true, run });
  const ask = <T>(name: string, run: () => T) => call({ port: 'queue', name, isWrite: true, run });
  const partOf = <T>(things: readonly T[], share: number) => things.slice(0, Math.floor(share * things.length));
  const sender: TaskSender = {
    send: (pool, messages) =>
      call({
        port: 'queue',
        name: `send ${messages.length} to ${pool}`,
        isWrite: true,
        run: () => send(pool, messages),
        runPart: (share) => send(pool, partOf(messages, share)),
      }),
  };
  return {
    table: {
      put: (item, condition) => write(`put ${item.pk} ${item.sk}`, () => table.put(item, condition)),
      update: (key, change, condition) =>
        write(`update ${key.pk} ${key.sk}`, () => table.update(key, change, condition)),
      get: (key) => read(`get ${key.pk} ${key.sk}`, () => table.get(key)),
      getMany: (keys, { mayLag = false } = {}) => {
        const what = `getMany ${keys.length} ${keys[0]?.pk} ${keys[0]?.sk}`;
        return read(what, () => (mayLag ? lagging(what) : table).getMany(keys));
      },
      query: (pk, options) => read(`query ${pk} ${options?.prefix ?? ''}`, () => table.query(pk, options)),
      queryDue: (shard, untilMs, limit) =>
        read(`queryDue ${shard}`, () => lagging(shard).queryDue(shard, untilMs, limit)),
      queryListed: (name, options) => read(`queryListed ${name}`, () => lagging(name).queryListed(name, options)),
    },
    blobs: {
      put: (key, body) => call({ port: 'blobs', name: `put ${key}`, isWrite: true, run: () => blobs.put(key, body) }),
      get: (key, range) =>
        call({ port: 'blobs', name: `get ${key}`, isWrite: false, run: () => blobs.get(key, range) }),
    },
    sender,
    bus: {
      put: async (events) => {
        await call({
          port: 'bus',
          name: `put ${events.length} events`,
          isWrite: true,
          run: () => tell(events),
          runPart: (share) => tell(partOf(events, share)),
        });
        return [];
      },
    },
    letters: {
      ...sender,
      receive: (name, options) => ask(`receive from ${name}`, () => letters.receive(name, options)),
      acknowledge: (name, receipt) => ask(`remove ${receipt}`, () => letters.remove(name, receipt)),
      changeVisibility: (name, receipt, ms) => ask(`give back ${receipt}`, () => letters.hide(name, receipt, ms)),
    },
  };
}

/** Ports whose calls are done at once: for tests to look and to ask. */
export const atOnce = (
  table: MemoryTable,
  blobs: MemoryBlobs,
  {
    send = () => undefined,
    letters = new SimulatedLetters(() => 0),
    onCall = () => undefined,
  }: Partial<Pick<Backend, 'send' | 'letters'>> & { readonly onCall?: (name: string) => void } = {},
): Ports =>
  portsOf({ table, blobs, letters, send, tell: () => undefined, lagging: () => table }, async ({ name, run }) => {
    onCall(name);
    return run();
  });
