import { followOf } from '../core/hand-off.ts';
import { findNode, nodeAt, type Plan } from '../core/plan.ts';
import { batchSizeOf, DEFAULT_POOL } from '../model/pools.ts';
import { FLAGS_KNOWN_MS } from '../runner/flag-reader.ts';
import { poolOf, SETTLE_MS } from '../scheduler/dispatcher.ts';
import { BilledInstances } from './billed-instances.ts';
import type { BilledItem, BilledItemOf } from './billed-items.ts';
import type { BilledMessage } from './billed-messages.ts';
import type { StandingResults } from './billed-results.ts';
import { roundsOf } from './billed-rounds.ts';
import { readUnits } from './billed-units.ts';
import type { OperationCounts } from './prices.ts';

/** What one message of a visit reads. */
type Reads = Pick<OperationCounts, 'readUnits' | 'objectGets'> & {
  /** An instance reads it once: the only result that the node waits for. */
  readonly isShared?: boolean;
};
/** What a visit leads to, beside its messages. */
type VisitCounts = Partial<OperationCounts>;

interface VisitParts {
  readonly plan: Plan;
  readonly items: readonly BilledItem[];
  readonly meta: BilledItemOf<'META'>;
  readonly results: StandingResults;
}

/** Visits that ran on with those before them, which had something in hand and began at a time. */
interface Inlined {
  left: number;
  readonly inHand: ReadonlySet<string>;
  readonly beganMs: number;
}

const NOTHING: ReadonlySet<string> = new Set();
const NO_READS: Reads = { readUnits: 0, objectGets: 0 };
/** Of the object that holds a map's items: of one that is not large, a single range. */
const MANIFEST_GETS = 1;

/** What the runner takes for an execution's visits: the messages, and what each of them reads and keeps. */
export class BilledVisits {
  readonly #parts: VisitParts;
  readonly #maps: ReadonlyMap<string, BilledItemOf<'MAP'>>;
  readonly #chunks: ReadonlyMap<string, readonly BilledItemOf<'CHUNK'>[]>;
  readonly #rounds: ReadonlyMap<string, number>;
  /** By node and run: visits that no message brought, and what those who ran before them had in hand. */
  readonly #inlined = new Map<string, Inlined>();
  readonly #inputs = new Map<string, Reads>();
  readonly #manifests = new Set<string>();
  readonly #results: ReadonlyMap<string, BilledItemOf<'RESULT'>>;
  readonly #lastEndsMs = new Map<BilledItemOf<'RESULT'>['item'], number>();
  /** Of nodes that wait for the same one: by it, then by what was sent together. */
  readonly #sharedReads = new Map<string, { readonly reads: Reads; readonly messages: Map<string, BilledMessage> }>();
  readonly messages: BilledMessage[] = [];
  readonly instances: BilledInstances;
  readonly counts: VisitCounts[] = [];

  constructor(parts: VisitParts) {
    this.#parts = parts;
    const maps = parts.items.filter((item) => item.type === 'MAP');
    const chunks = parts.items.filter((item) => item.type === 'CHUNK');
    this.#maps = new Map(maps.map((map) => [visitOf(map), map]));
    this.#chunks = Map.groupBy(chunks, visitOf);
    const results = parts.items.filter((item) => item.type === 'RESULT');
    for (const { item } of results) {
      if (item.inlined === undefined) continue;
      const key = `${nodeAt(parts.plan, item.inlined).id} ${item.run}`;
      const inHand = new Set([item.node, ...this.#lookedAt(item)]);
      const beganMs = item.attempts.at(-1)?.startedAtMs ?? item.queuedAtMs;
      this.#inlined.set(key, { left: (this.#inlined.get(key)?.left ?? 0) + 1, inHand, beganMs });
    }
    this.#results = new Map(results.map((result) => [visitOf(result), result]));
    this.#rounds = roundsOf(parts.plan, new Map(results.map(({ item }) => [item.node, item.queuedAtMs])));
    for (const item of parts.items) {
      if (item.type === 'RESULT') this.#addResult(item);
      else if (item.type === 'MAP') this.#addPlan(item);
      else if (item.type === 'CHUNK') this.#addChunk(item);
    }
    // The timer that ends the wait for what runs on after a stop.
    if (parts.meta.item.stop !== undefined) {
      const atMs = parts.meta.item.stop.atMs + SETTLE_MS;
      this.messages.push({ pool: DEFAULT_POOL, sentWith: 'settle', times: 1, isInline: false, ...lasting(atMs, atMs) });
    }
    this.instances = new BilledInstances(this.messages.filter(({ isInline }) => !isInline));
    for (const map of this.#maps.values()) this.#addInstances(map);
    for (const { reads, messages } of this.#sharedReads.values())
      this.counts.push(timesReads(this.#readersOf([...messages.values()]), reads));
  }

  #addResult(result: BilledItemOf<'RESULT'>): void {
    const { bytes, times, item } = result;
    // It was not run here, but taken over with a checkpoint.
    if (item.copiedFrom !== undefined) {
      this.counts.push({ readUnits: times * readUnits(bytes) });
      return;
    }
    this.counts.push({ readUnits: times * this.#lookUnits(item) });
    const map = this.#maps.get(visitOf(result));
    const objectPuts = [item.output, item.failures].filter((payload) => payload?.blob !== undefined).length;
    if (objectPuts > 0) this.counts.push({ objectPuts: times * objectPuts });
    if (map === undefined) this.#addMessages(result);
    else this.#addCollect(result, map);
  }

  #addPlan({ bytes: _bytes, times, item }: BilledItemOf<'MAP'>): void {
    // A redrive goes on with the items that were cut before.
    const isCut = !this.#manifests.has(item.manifest);
    this.#manifests.add(item.manifest);
    if (isCut) this.counts.push({ objectPuts: times });
    this.#addMessage(
      {
        ...{ node: item.node, sentWith: `plan ${item.visit} ${item.run}`, times, isInline: false },
        ...lasting(item.startedAtMs, item.startedAtMs),
      },
      this.#inputOf(item.node),
    );
  }

  #addChunk(chunk: BilledItemOf<'CHUNK'>): void {
    if (chunk.item.outcome.blob !== undefined) this.counts.push({ objectPuts: chunk.times });
    this.#addMessages(chunk, NO_READS);
  }

  /** What each instance that runs chunks of a map, or puts their outputs together, reads once. */
  #addInstances(map: BilledItemOf<'MAP'>): void {
    const chunks = this.#chunks.get(visitOf(map)) ?? [];
    const pool = poolOf(this.#parts.plan, map.item.node);
    const idsOf = (sent: Iterable<string>) =>
      new Set([...sent].flatMap((sentWith) => [...this.instances.of(pool, sentWith)]));
    const running = idsOf(new Set(chunks.map(({ item }) => this.#sentWith(item))));
    const result = this.#results.get(visitOf(map));
    const collecting = idsOf(result === undefined ? [] : [this.#sentWith(result.item)]);
    this.counts.push({
      readUnits: map.times * new Set([...running, ...collecting]).size * readUnits(map.bytes),
      objectGets: map.times * running.size * MANIFEST_GETS,
    });
  }

  /** Puts the outputs of all chunks together; its attempt began, for its result, when the map was planned. */
  #addCollect({ times, item }: BilledItemOf<'RESULT'>, map: BilledItemOf<'MAP'>): void {
    const chunks = this.#chunks.get(visitOf(map)) ?? [];
    const reads = {
      readUnits: readUnits(chunks.reduce((sum, chunk) => sum + chunk.times * chunk.bytes, 0)),
      objectGets: chunks.reduce(
        (sum, { times: like, item: { outcome } }) => sum + (outcome.blob === undefined ? 0 : like),
        0,
      ),
    };
    const endedAtMs = item.attempts.at(-1)?.endedAtMs ?? item.queuedAtMs;
    this.#addMessage(
      {
        ...{ node: item.node, sentWith: this.#sentWith(item), times, isInline: false },
        ...lasting(endedAtMs, endedAtMs),
      },
      reads,
    );
  }

  /** The first message went out with others; each retry alone. */
  #addMessages({ times, item }: BilledItemOf<'RESULT' | 'CHUNK'>, given?: Reads): void {
    for (const [index, { startedAtMs, endedAtMs }] of item.attempts.entries()) {
      const sentWith = index === 0 ? this.#sentWith(item) : `retry ${item.node} ${startedAtMs}`;
      const before = index === 0 ? this.#takeInlined(item) : undefined;
      const reads = given ?? this.#inputOf(item.node, before?.inHand);
      const looks = before !== undefined && flagsPeriod(startedAtMs) !== flagsPeriod(before.beganMs);
      const isInline = before !== undefined;
      const isLast = index === item.attempts.length - 1;
      const lasted = {
        ...lasting(startedAtMs, endedAtMs),
        ...(isLast && { endedAtMs: this.#untilMs(item, endedAtMs) }),
      };
      this.#addMessage({ node: item.node, sentWith, times, isInline, looks, ...lasted }, reads);
    }
  }

  /** When the last ended that ran on with it. A route's visits are one after another in any case. */
  #untilMs(item: BilledItemOf<'RESULT' | 'CHUNK'>['item'], endedAtMs: number): number {
    const last = 'inlined' in item && this.#parts.plan.kind === 'graph' ? item : undefined;
    return Math.max(endedAtMs, this.#lastEndMs(last));
  }

  /** Each link of such a chain is looked at once, however long it is. */
  #lastEndMs(first: BilledItemOf<'RESULT'>['item'] | undefined): number {
    const { plan } = this.#parts;
    const chain: BilledItemOf<'RESULT'>['item'][] = [];
    let untilMs = 0;
    for (let last = first; last !== undefined; ) {
      const known = this.#lastEndsMs.get(last);
      if (known !== undefined) {
        untilMs = known;
        break;
      }
      chain.push(last);
      const { inlined } = last;
      last =
        inlined === undefined
          ? undefined
          : this.#results.get(visitOf({ item: { ...last, node: nodeAt(plan, inlined).id } }))?.item;
    }
    for (const link of chain.reverse()) {
      untilMs = Math.max(untilMs, link.attempts.at(-1)?.endedAtMs ?? 0);
      this.#lastEndsMs.set(link, untilMs);
    }
    return untilMs;
  }

  /**
   * Of a visit that no message brought, the one it ran on with. Results say which node ran on with them; of a loop's visits it does
   * not matter which.
   */
  #takeInlined({ node, run }: BilledItemOf<'RESULT' | 'CHUNK'>['item']): Inlined | undefined {
    const inlined = this.#inlined.get(`${node} ${run}`);
    if (inlined === undefined || inlined.left === 0) return undefined;
    inlined.left--;
    return inlined;
  }

  /** The results that who finishes looks at, to see whether it is the last. */
  #lookedAt({ node, status }: BilledItemOf<'RESULT'>['item']): readonly string[] {
    const { plan, meta } = this.#parts;
    const found = findNode(plan, node);
    if (plan.kind !== 'graph' || meta.item.isEager !== true || status !== 'SUCCEEDED' || found === undefined) return [];
    const { joins, otherSinks = [] } = followOf(plan, found.index);
    return [...new Set([...joins.flatMap(({ others }) => others), ...otherSinks])].map(
      (other) => nodeAt(plan, other).id,
    );
  }

  #lookUnits(item: BilledItemOf<'RESULT'>['item']): number {
    return this.#lookedAt(item).reduce((sum, other) => sum + this.#parts.results.readUnits(other), 0);
  }

  /** A route goes one step at a time. */
  #sentWith({ node, visit, queuedAtMs }: BilledItemOf<'RESULT' | 'CHUNK'>['item']): string {
    return this.#parts.plan.kind === 'route'
      ? `${queuedAtMs} ${node} ${visit}`
      : `${queuedAtMs} ${this.#rounds.get(node) ?? 0}`;
  }

  #addMessage({ node, ...message }: Omit<BilledMessage, 'pool'> & { readonly node: string }, reads: Reads): void {
    const { plan } = this.#parts;
    const pool = poolOf(plan, node);
    this.messages.push({ ...message, pool });
    if (reads.isShared !== true || message.isInline) {
      this.counts.push(timesReads(message.times, reads));
      return;
    }
    const parents = findNode(plan, node)?.parents.join(' ') ?? '';
    const shared = this.#sharedReads.get(parents) ?? { reads, messages: new Map<string, BilledMessage>() };
    this.#sharedReads.set(parents, shared);
    const sent = `${pool} ${message.sentWith}`;
    const times = (shared.messages.get(sent)?.times ?? 0) + message.times;
    shared.messages.set(sent, { ...message, pool, times });
  }

  /** How many instances ran one of these: of those that got what was sent together, as many as it takes. */
  #readersOf(messages: readonly BilledMessage[]): number {
    const readers = messages.flatMap(({ pool, sentWith, times }) =>
      [...this.instances.of(pool, sentWith)].slice(0, Math.ceil(times / batchSizeOf(pool))),
    );
    return new Set(readers).size;
  }

  /** The results that a node's input is made of, or the workflow's input. What is in hand is not read again. */
  #inputOf(node: string, inHand: ReadonlySet<string> = NOTHING): Reads {
    const known = this.#inputs.get(node);
    if (known !== undefined && inHand.size === 0) return known;
    const { plan, meta, results } = this.#parts;
    const found = findNode(plan, node);
    const parents = (found?.parents ?? []).map((parent) => nodeAt(plan, parent).id);
    const sources = [...new Set([...parents, ...(found?.references ?? [])])];
    const missing = sources.filter((source) => !inHand.has(source));
    const reads = {
      readUnits: results.readUnitsOfAll(missing),
      objectGets:
        sources.length === 0
          ? Number(meta.item.input.blob !== undefined)
          : sources.filter((source) => results.hasLargeOutput(source)).length,
      isShared: plan.kind === 'graph' && meta.item.run === 1 && missing.length === 1 && missing[0] === parents[0],
    };
    if (inHand.size === 0) this.#inputs.set(node, reads);
    return reads;
  }
}

const timesReads = (times: number, { readUnits, objectGets }: Reads): VisitCounts => ({
  readUnits: times * readUnits,
  objectGets: times * objectGets,
});

const lasting = (startedAtMs: number, endedAtMs: number) => ({
  startedAtMs,
  endedAtMs: Math.max(startedAtMs, endedAtMs),
  runningMs: Math.max(0, endedAtMs - startedAtMs),
});

/** Flags that were read in one period are taken for so until its end, about. */
const flagsPeriod = (atMs: number): number => Math.floor(atMs / FLAGS_KNOWN_MS);

const visitOf = ({ item: { node, visit, run } }: Pick<BilledItemOf<'RESULT' | 'MAP' | 'CHUNK'>, 'item'>): string =>
  `${node} ${visit} ${run}`;
