import type { DefinitionHash, ExecutionId, NodeId } from '../model/ids.ts';
import type { AliasName } from '../model/version.ts';
import type { ItemKey } from '../ports/item-table.ts';

/** Where the results of an execution lie. */
export interface ResultsHome {
  readonly executionId: ExecutionId;
  /** Over how many partitions its results are spread, as its META says. Absent: they lie beside META. */
  readonly resultShards: number | undefined;
}

/** Names a visit of a node in one run of an execution. */
export interface VisitKey extends ResultsHome {
  readonly run: number;
  readonly node: NodeId;
  readonly visit: number;
}

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

export const executionPk = (executionId: ExecutionId): string => `EXEC#${executionId}`;
/** The partitions that hold results of an execution. */
export const resultPks = ({ executionId, resultShards }: ResultsHome): readonly string[] =>
  resultShards === undefined
    ? [executionPk(executionId)]
    : Array.from({ length: resultShards }, (_, shard) => shardPk(executionId, shard));
const shardPk = (executionId: ExecutionId, shard: number): string => `${executionPk(executionId)}#${shard + 1}`;
/** All results of a node lie together, so that its last visit is found by one query; chunks of a map are dealt out in turn. */
const resultPk = ({ executionId, resultShards }: ResultsHome, node: NodeId, chunk = 0): string =>
  resultShards === undefined ? executionPk(executionId) : shardPk(executionId, (hashOf(node) + chunk) % resultShards);
export const nodePk = (home: ResultsHome, node: NodeId): string => resultPk(home, node);
/** FNV-1a: even enough over a few shards, and the same for ever. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return (hash ^ (hash >>> 16)) >>> 0;
}
/** Of a change, whichever of the execution's partitions it is in. */
export const executionIdOf = (record: { readonly key: ItemKey } | undefined): string | undefined =>
  record?.key.pk.startsWith('EXEC#') === true ? record.key.pk.split('#', 2)[1] : undefined;
export const metaKey = (executionId: ExecutionId): ItemKey => ({ pk: executionPk(executionId), sk: 'META' });
export const stateKey = (executionId: ExecutionId): ItemKey => ({ pk: executionPk(executionId), sk: 'STATE' });

/** Visit and run are padded so that the latest sorts last. */
const visitSk = (type: string, { node, visit, run }: Pick<VisitKey, 'node' | 'visit' | 'run'>): string =>
  `${type}#${node}#${digits(visit, 6)}#${digits(run, 4)}`;

export const resultKey = (key: VisitKey): ItemKey => ({ pk: resultPk(key, key.node), sk: visitSk('RESULT', key) });
export const resultPrefix = (node: NodeId): string => `RESULT#${node}#`;
export const mapKey = (key: VisitKey): ItemKey => ({ pk: resultPk(key, key.node), sk: visitSk('MAP', key) });
export const chunkPrefix = (key: Omit<VisitKey, 'resultShards'>): string => `${visitSk('CHUNK', key)}#`;
export const chunkKey = (key: VisitKey, chunk: number): ItemKey => ({
  pk: resultPk(key, key.node, chunk),
  sk: `${chunkPrefix(key)}${digits(chunk, 7)}`,
});
export const attemptKey = (key: VisitKey, chunk: number | undefined, attempt: number): ItemKey => ({
  pk: resultPk(key, key.node, chunk),
  sk: `${visitSk('ATTEMPT', key)}#${chunk === undefined ? '' : digits(chunk, 7)}#${digits(attempt, 3)}`,
});
export const startedKey = (key: VisitKey, chunk: number | undefined, attempt: number): ItemKey => ({
  pk: resultPk(key, key.node, chunk),
  sk: `${visitSk('STARTED', key)}#${chunk === undefined ? '' : digits(chunk, 7)}#${digits(attempt, 3)}`,
});
export const EVENT_PREFIX = 'EVENT#';
/**
 * Sorts by the last event. The first one is in it, so that a batch that comes again cut shorter at its beginning does not
 * take the place of the whole one. @param last in its sortable form, as is `first`
 */
export const eventKey = (pk: string, last: string, first: string): ItemKey => ({
  pk,
  sk: `${EVENT_PREFIX}${last}#${first}`,
});
/** Behind all items whose last event is this one. */
export const behindEvent = (position: string): string => `${EVENT_PREFIX}${position}~`;
export const observedKey = (executionId: ExecutionId): ItemKey => ({ pk: executionPk(executionId), sk: 'OBSERVED' });
export const WORKFLOWS_PK = 'WORKFLOWS';
export const workflowKey = (workflow: string): ItemKey => ({ pk: WORKFLOWS_PK, sk: workflow });
export const metricsPk = (workflow: string): string => `METRICS#${workflow}`;
/** By time first, so that a range of windows is a range of keys. */
export const windowPrefix = (startMs: number): string => `WINDOW#${digits(startMs, 15)}#`;
export const windowKey = (workflow: string, startMs: number, shard: string): ItemKey => ({
  pk: metricsPk(workflow),
  sk: `${windowPrefix(startMs)}${shard}`,
});
/** What sorts executions by their start. */
export const listingKey = (startedAtMs: number, executionId: string): string =>
  `${digits(startedAtMs, 15)}#${executionId}`;
/** Its sort key alone, without an execution: where those of a time begin. */
export const listingBound = (startedAtMs: number): string => digits(startedAtMs, 15);
/** Where the index of executions lists those of a workflow that have a search attribute. */
export const attributeListing = (workflow: string, name: string, value: string): string =>
  `${workflow}#${name}=${value}`;
/** Names the workflow too: of two starts that contend for an id, neither takes the other's place. */
export const attributeKey = (executionId: ExecutionId, workflow: string, name: string, value: string): ItemKey => ({
  pk: executionPk(executionId),
  sk: `ATTR#${attributeListing(workflow, name, value)}`,
});
export const checkpointKey = (executionId: ExecutionId, revision: number): ItemKey => ({
  pk: executionPk(executionId),
  sk: `CHECKPOINT#${digits(revision, 8)}`,
});
/** How far starts were watched (`StartWatch`). */
export const START_WATCH_KEY: ItemKey = { pk: 'SWEEP', sk: 'STARTS' };
export const cacheKey = (hash: string): ItemKey => ({ pk: `CACHE#${hash}`, sk: 'RESULT' });
/** All of one workflow's definitions, versions and aliases. */
export const versionsPk = (workflow: string): string => `WORKFLOW#${workflow}`;
export const definitionKey = (workflow: string, hash: DefinitionHash): ItemKey => ({
  pk: versionsPk(workflow),
  sk: `VERSION#${hash}`,
});
export const PUBLISHED_PREFIX = 'PUBLISHED#';
export const publishedKey = (workflow: string, number: number): ItemKey => ({
  pk: versionsPk(workflow),
  sk: `${PUBLISHED_PREFIX}${digits(number, 8)}`,
});
export const ALIAS_PREFIX = 'ALIAS#';
export const aliasKey = (workflow: string, alias: AliasName): ItemKey => ({
  pk: versionsPk(workflow),
  sk: `${ALIAS_PREFIX}${alias}`,
});

/** What kind of item a sort key names. */
export const itemType = (sk: string): string => sk.split('#', 1)[0] ?? '';
