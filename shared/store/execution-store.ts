import { createHash } from 'node:crypto';
import type * as z from 'zod';
import { NewerSchemaError } from '../errors.ts';
import type { ExecutionConfig } from '../model/config.ts';
import type { HandlersPin } from '../model/handlers-pin.ts';
import { type DefinitionHash, ExecutionId, type NodeId, type WorkflowName } from '../model/ids.ts';
import {
  type AttributeItem,
  ITEM_VERSION,
  ListedAttribute,
  ListedMeta,
  MetaItem,
  StartWatchItem,
  StateItem,
  SummarizedMeta,
} from '../model/items.ts';
import type { ErrorInfo, ExecutionStatus, Payload } from '../model/result.ts';
import { ANY_VERSION, HANDING_OFF_VERSION, SHARDED_VERSION } from '../model/schema-version.ts';
import type { SearchAttributes } from '../model/search-attributes.ts';
import type { StopReason } from '../model/state.ts';
import type { Condition, Item, ItemChange, ItemTable, ListOptions } from '../ports/item-table.ts';
import {
  canRedrive,
  FIRST_WRITER_WINS,
  isNotStopping,
  isOpen,
  isPaused,
  isPointAhead,
  isRunning,
  revisionIs,
} from './conditions.ts';
import {
  attributeKey,
  attributeListing,
  executionIdOf,
  executionPk,
  listingKey,
  metaKey,
  START_WATCH_KEY,
  stateKey,
} from './keys.ts';
import { parseItem } from './parse-item.ts';
import { versionOf } from './payloads.ts';
import { queryAll } from './query-all.ts';

/** How the due index spreads its writes: a partition takes 1,000 a second. Code of before looks at the first four. */
const DUE_SHARDS = 16;
export const dueShards: readonly string[] = Array.from({ length: DUE_SHARDS }, (_, shard) => `due-${shard}`);

const dueShardOf = (executionId: ExecutionId): string =>
  dueShards[(createHash('sha256').update(executionId).digest()[0] ?? 0) % DUE_SHARDS] ?? 'due-0';

/** After a stop or a resume the sweep looks so soon whether it was heard of. */
export const SWEPT_AGAIN_MS = 60_000;

export interface NewExecution {
  readonly executionId: ExecutionId;
  readonly workflow: WorkflowName;
  readonly definitionHash: DefinitionHash;
  readonly config: ExecutionConfig;
  readonly input: Payload;
  readonly globals?: Payload | undefined;
  readonly globalsHoldSecrets?: boolean | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly searchAttributes?: SearchAttributes | undefined;
  readonly requestDigest: string;
  /** The checkpoint it goes on from. Its results and state must be there before it is. */
  readonly origin?: MetaItem['origin'];
  readonly startedAtMs: number;
  /** Absent: who watches starts gives it a time, should it last (`StartWatch`). */
  readonly dueAtMs?: number | undefined;
  readonly cache?: MetaItem['cache'];
  readonly trace?: MetaItem['trace'];
  readonly pin?: HandlersPin | undefined;
  readonly isEager?: boolean | undefined;
  readonly isHandedOff?: boolean | undefined;
  readonly resultShards?: number | undefined;
  /** It need not run: it is there as ended, with the output of another. */
  readonly cached?: { readonly cachedFrom: ExecutionId; readonly output: Payload };
}

/** What no version will ever change of META: enough to put an execution off. */
const OpenMeta = MetaItem.pick({ executionId: true, run: true });
type OpenMeta = z.infer<typeof OpenMeta>;

/** Executions to look at; apart, those that only a newer version of fanjoin can read, or none. */
export interface DueExecutions {
  readonly due: readonly MetaItem[];
  readonly newer: readonly OpenMeta[];
  readonly corrupt: readonly { readonly meta: OpenMeta; readonly error: unknown }[];
}

/** META and STATE as they stand; no state: the scheduler has not seen the execution yet. */
export interface Snapshot {
  readonly meta: MetaItem;
  readonly state: StateItem | undefined;
}

/** The same, with the items themselves. */
export interface Standing extends Snapshot {
  readonly items: readonly Item[];
}

export interface TerminalWrite {
  readonly status: Exclude<ExecutionStatus, 'RUNNING' | 'PAUSED'>;
  readonly endedAtMs: number;
  readonly output?: Payload | undefined;
  readonly error?: ErrorInfo | undefined;
  readonly failedNode?: NodeId | undefined;
}

/** The `META` and `STATE` items of executions. */
export class ExecutionStore {
  readonly #table: ItemTable;
  /** Tells this store's changes from those of others. */
  readonly #id: string;
  #changes = 0;

  /** @param id nobody else's */
  constructor(table: ItemTable, id: string) {
    this.#table = table;
    this.#id = id;
  }

  /** Puts META if absent: the one write that makes an execution exist. `existing`: its id is taken. */
  async create(execution: NewExecution): Promise<{ created: boolean; meta: MetaItem }> {
    const { cached, ...rest } = execution;
    const { executionId, config, startedAtMs } = execution;
    const ended = cached && {
      cachedFrom: cached.cachedFrom,
      output: cached.output,
      status: 'SUCCEEDED' as const,
      endedAtMs: startedAtMs,
    };
    const listedAs = listingKey(startedAtMs, executionId);
    // Before META: an execution that exists is found.
    await this.#putAttributes(execution, listedAs);
    const meta: MetaItem = {
      ...metaKey(executionId),
      v: versionFor(execution),
      ...rest,
      globals: execution.globals,
      globalsHoldSecrets: execution.globalsHoldSecrets,
      origin: execution.origin,
      tags: execution.tags === undefined ? undefined : { ...execution.tags },
      run: 1,
      status: 'RUNNING',
      listedAs,
      deadlineAtMs: startedAtMs + config.timeoutSeconds * 1000,
      ...(rest.dueAtMs !== undefined && { dueShard: dueShardOf(executionId) }),
      cache: execution.cache,
      ...(ended !== undefined && { ...ended, dueShard: undefined, dueAtMs: undefined }),
    };
    const outcome = await this.#table.put(meta, FIRST_WRITER_WINS);
    if (outcome.written) return { created: true, meta };
    return { created: false, meta: outcome.standing === undefined ? meta : parseItem(MetaItem, outcome.standing) };
  }

  async #putAttributes(
    { executionId, workflow, searchAttributes = {} }: NewExecution,
    listedAs: string,
  ): Promise<void> {
    const writes = Object.entries(searchAttributes).map(([name, value]) => {
      const item: AttributeItem = {
        ...attributeKey(executionId, workflow, name, value),
        ...{ v: ITEM_VERSION, executionId, workflow: attributeListing(workflow, name, value), listedAs },
      };
      return this.#table.put(item, FIRST_WRITER_WINS);
    });
    await Promise.all(writes);
  }

  async loadMeta(executionId: ExecutionId): Promise<MetaItem | undefined> {
    const item = await this.#table.get(metaKey(executionId));
    return item === undefined ? undefined : parseItem(MetaItem, item);
  }

  async loadSnapshot(executionId: ExecutionId): Promise<Standing | undefined> {
    const items = await this.#table.getMany([metaKey(executionId), stateKey(executionId)]);
    const meta = items.find(({ sk }) => sk === 'META');
    const state = items.find(({ sk }) => sk === 'STATE');
    if (meta === undefined) return undefined;
    return {
      meta: parseItem(MetaItem, meta),
      state: state === undefined ? undefined : parseItem(StateItem, state),
      items,
    };
  }

  /** The scheduler's state of an execution alone. */
  async loadState(executionId: ExecutionId): Promise<StateItem | undefined> {
    const item = await this.#table.get(stateKey(executionId));
    return item === undefined ? undefined : parseItem(StateItem, item);
  }

  /** Saves the state that follows `revision` (0: none yet). `undefined`: another decider was first. */
  async saveState(
    executionId: ExecutionId,
    revision: number,
    save: Pick<StateItem, 'state' | 'batches' | 'metaSequence' | 'savedAtMs'>,
  ): Promise<StateItem | undefined> {
    const item: StateItem = { ...stateKey(executionId), v: ITEM_VERSION, revision: revision + 1, ...save };
    const outcome = await this.#table.put(item, revisionIs(revision));
    return outcome.written ? item : undefined;
  }

  /** Ends the execution, once. `undefined`: it had ended, another run is on, or it was told to stop and `meta` does not know. */
  async finish(meta: MetaItem, ending: TerminalWrite): Promise<MetaItem | undefined> {
    const v = Math.max(meta.v, versionOf(ending.output));
    const condition = meta.stop === undefined ? isNotStopping(meta.run) : isOpen(meta.run);
    return this.#change(meta, toEnd({ ...ending, v }), condition);
  }

  /** Tells runners and the scheduler to stop. `undefined`: it ended, or is stopping for another reason. */
  async requestStop(meta: MetaItem, reason: StopReason, nowMs: number): Promise<MetaItem | undefined> {
    const set = { stop: { reason, atMs: nowMs }, ...sooner(meta, nowMs) };
    return this.#change(meta, { set }, isNotStopping(meta.run));
  }

  async markSettleElapsed(meta: MetaItem): Promise<MetaItem | undefined> {
    return this.#change(meta, { set: { settleElapsed: true } }, isOpen(meta.run));
  }

  /** `undefined`: it is not running, or is stopping. */
  async pause(meta: MetaItem, nowMs: number): Promise<MetaItem | undefined> {
    return this.#change(meta, { set: { status: 'PAUSED', pausedAtMs: nowMs } }, isRunning(meta.run));
  }

  /** Pauses at a point: the `point`th that was reached. `undefined`: it is not running, is stopping, or was paused there. */
  async pauseAt(meta: MetaItem, point: number, nowMs: number): Promise<MetaItem | undefined> {
    const change = { set: { status: 'PAUSED', pausedAtMs: nowMs, pointsPassed: point } };
    return this.#change(meta, change, isPointAhead(meta.run, point));
  }

  /** Sets a point to pause at. `undefined`: it has ended, or is stopping. */
  async pauseBefore(meta: MetaItem, node: NodeId): Promise<MetaItem | undefined> {
    return this.#change(meta, { addToSet: { pauseBefore: [node] } }, isNotStopping(meta.run));
  }

  /** Clears the flag and the parked messages in one write, whose change record carries them. `undefined`: not paused. */
  async resume(meta: MetaItem, nowMs: number): Promise<MetaItem | undefined> {
    const set = { status: 'RUNNING', resumedAtMs: nowMs, ...sooner(meta, nowMs) };
    const change = { set, remove: ['parked'] };
    return this.#change(meta, change, isPaused(meta.run));
  }

  /** Opens an ended execution again, as the next run, by the latest handlers if it is to be unpinned. `undefined`: it is open, succeeded, or was redriven by another. */
  async redrive(
    meta: MetaItem,
    nowMs: number,
    dueAtMs: number,
    { isUnpinned = false }: { readonly isUnpinned?: boolean } = {},
  ): Promise<MetaItem | undefined> {
    const { handlers: _pinned, ...config } = meta.config;
    const set = {
      ...(isUnpinned && { config }),
      status: 'RUNNING',
      run: meta.run + 1,
      deadlineAtMs: nowMs + meta.config.timeoutSeconds * 1000,
      redrivenAtMs: nowMs,
      ...dueAt(meta, dueAtMs),
    };
    const remove = [
      'endedAs',
      'stop',
      'settleElapsed',
      'endedAtMs',
      'output',
      'error',
      'failedNode',
      'parked',
      'pausedAtMs',
      'resumedAtMs',
      ...(isUnpinned ? ['pin'] : []),
    ];
    return this.#change(meta, { set, remove }, canRedrive(meta.run));
  }

  /** Keeps work whose message came while paused. `false`: the pause is over, look again. */
  async park(meta: MetaItem, work: string): Promise<boolean> {
    const outcome = await this.#table.update(
      metaKey(meta.executionId),
      { addToSet: { parked: [work] } },
      isPaused(meta.run),
    );
    return outcome.written;
  }

  /** Gives work back to the scheduler that its runner will not do. It stays where it is if the execution has ended. */
  async refuse(meta: MetaItem, work: string): Promise<void> {
    await this.#table.update(metaKey(meta.executionId), { addToSet: { parked: [work] } }, isOpen(meta.run));
  }

  /** When the sweep is to look at an open execution again. Gives whether it is open. */
  async postpone(meta: OpenMeta, dueAtMs: number): Promise<boolean> {
    const change = { set: dueAt(meta, dueAtMs) };
    const { written } = await this.#table.update(metaKey(meta.executionId), change, isOpen(meta.run));
    return written;
  }

  /** Whole items that lie beside META, by the beginning of their sort key. Results may lie elsewhere: `ResultStore.items`. */
  items(executionId: ExecutionId, prefix: 'META' | 'STATE' | 'CHECKPOINT#'): AsyncGenerator<Item> {
    return queryAll(this.#table, executionPk(executionId), { prefix });
  }

  /** Open executions that are due, earliest first. */
  async loadDue(shard: string, nowMs: number, limit: number): Promise<DueExecutions> {
    return sortOut(await this.#table.queryDue(shard, nowMs, limit));
  }

  /** Those of them that are open, and not in the index of what is due. They may have ended a moment ago. */
  async loadUnwatched(executionIds: readonly ExecutionId[]): Promise<DueExecutions> {
    const items = await this.#table.getMany(executionIds.map(metaKey), { mayLag: true });
    return sortOut(items.filter(({ endedAtMs, dueShard }) => endedAtMs === undefined && dueShard === undefined));
  }

  /** Up to when starts were watched; 0: never yet. */
  async loadWatchedTo(): Promise<number> {
    const item = await this.#table.get(START_WATCH_KEY);
    return item === undefined ? 0 : parseItem(StartWatchItem, item).watchedToMs;
  }

  async saveWatchedTo(watchedToMs: number): Promise<void> {
    const item: StartWatchItem = { ...START_WATCH_KEY, v: ITEM_VERSION, watchedToMs };
    await this.#table.put(item);
  }

  /** Executions of one workflow, latest start first: their META tells how they stand. */
  async listed(workflow: string, range: ListOptions): Promise<ListedMeta[]> {
    const items = await this.#table.queryListed(workflow, range);
    return items.map((item) => parseItem(ListedMeta, item));
  }

  /** Executions of one workflow that were, perhaps, started with a search attribute: their META tells. */
  async listedBy(workflow: string, name: string, value: string, range: ListOptions): Promise<ListedAttribute[]> {
    const items = await this.#table.queryListed(attributeListing(workflow, name, value), range);
    return items.map((item) => parseItem(ListedAttribute, item));
  }

  /** By id, those that exist; those of a newer version, too. One that cannot be read is left out, and spoils no list. */
  async loadSummaries(executionIds: readonly ExecutionId[]): Promise<Map<ExecutionId, SummarizedMeta>> {
    const items = await this.#table.getMany(executionIds.map(metaKey));
    const metas = items.flatMap((item) => SummarizedMeta.safeParse(item).data ?? []);
    return new Map(metas.map((meta) => [meta.executionId, meta]));
  }

  /**
   * `undefined`: the condition does not hold. An SDK that repeats a write whose answer was lost finds it gone, too; the
   * mark on the standing item tells that write from another's.
   */
  async #change(meta: MetaItem, change: ItemChange, condition: Condition): Promise<MetaItem | undefined> {
    const changedBy = `${this.#id}-${++this.#changes}`;
    const marked = { ...change, set: { ...change.set, changedBy } };
    const outcome = await this.#table.update(metaKey(meta.executionId), marked, condition);
    if (outcome.written) return parseItem(MetaItem, outcome.item);
    return outcome.standing?.changedBy === changedBy ? parseItem(MetaItem, outcome.standing) : undefined;
  }
}

/** Those that this version cannot read are apart. */
function sortOut(items: readonly Item[]): DueExecutions {
  const due: MetaItem[] = [];
  const newer: OpenMeta[] = [];
  const corrupt: { meta: OpenMeta; error: unknown }[] = [];
  for (const item of items) {
    try {
      due.push(parseItem(MetaItem, item));
    } catch (error) {
      const meta = OpenMeta.safeParse(item).data ?? spoiled(item);
      if (error instanceof NewerSchemaError) newer.push(meta);
      else corrupt.push({ meta, error });
    }
  }
  return { due, newer, corrupt };
}

/** No more is left of it than its key. It is of no run, so that nothing can be written to it. */
const spoiled = (key: Item): OpenMeta => ({ executionId: ExecutionId.parse(executionIdOf({ key })), run: 0 });

const dueAt = ({ executionId }: OpenMeta, dueAtMs: number) => ({ dueShard: dueShardOf(executionId), dueAtMs });

/** Nothing, if the sweep looks soon as it is. */
const sooner = (meta: MetaItem, nowMs: number) =>
  (meta.dueAtMs ?? Number.POSITIVE_INFINITY) > nowMs + SWEPT_AGAIN_MS ? dueAt(meta, nowMs + SWEPT_AGAIN_MS) : {};

/** Older code would look for its results elsewhere, run its nodes by any handlers, or take what hands nodes off for what does not. */
const versionFor = ({ pin, isEager, resultShards, input, globals, cached }: NewExecution): number =>
  Math.max(
    resultShards === undefined ? ANY_VERSION : SHARDED_VERSION,
    pin === undefined && isEager !== true ? ANY_VERSION : HANDING_OFF_VERSION,
    versionOf(input, globals, cached?.output),
  );

const toEnd = (ending: TerminalWrite & { readonly v: number }): ItemChange => ({
  set: { ...ending, endedAs: ending.status === 'SUCCEEDED' ? undefined : ending.status },
  remove: ['dueShard', 'dueAtMs', 'parked'],
});

/** The META in a change record's image. */
export const parseMeta = (item: Item): MetaItem => parseItem(MetaItem, item);
