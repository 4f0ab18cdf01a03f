import type { ExecutionDescription } from '../../shared/executor/description.ts';
import type { Executions } from '../../shared/executor/executions.ts';
import type { Definition, NodeDefinition } from '../../shared/model/definition.ts';
import { isTerminal, type NodeResultView } from '../../shared/model/result.ts';
import { criticalPath, type EndedVisit } from '../../shared/observability/execution-metrics.ts';
import { RowPage } from './row-page.ts';
import { encodePlace, placeOfRow, type RowPlace } from './row-place.ts';
import { type AttemptEvent, rowOfOpenVisit, rowOfResult, type TimelineRow } from './timeline-row.ts';

/** Read at once. A result may hold an error of tens of kilobytes, an event a few hundred bytes. */
const RESULTS_PAGE = 250;
const EVENTS_PAGE = 1_000;

export interface TimelineOptions {
  /** Of the execution. */
  readonly run: number;
  readonly limit: number;
  /** Only rows behind this one. */
  readonly after?: RowPlace | undefined;
  readonly nowMs: number;
}

/** The nodes, in order, each of which waited for the one before; `undefined` where all nodes run one after another. */
export type CriticalPath = { readonly nodes: readonly string[]; readonly durationMs: number } | undefined;

/** Some rows of one run of an execution, in the order in which they were dispatched. */
export interface Timeline {
  readonly rows: readonly TimelineRow[];
  /** Of the run. */
  readonly total: number;
  /** Rows before these. */
  readonly before: number;
  /** To go on behind these rows; absent at the end. */
  readonly next?: string;
  readonly criticalPath: CriticalPath;
  /** Nodes that ended in another execution, before this one went on from its checkpoint: they have no row. */
  readonly takenOver: number;
}

/**
 * Reads the rows. Of an execution however large, one page of results is held at a time, and what is kept is the rows
 * asked for and, of a graph, when each node ended, which is what the critical path is found by.
 */
export async function readTimeline(
  executions: Executions,
  description: ExecutionDescription,
  { run, limit, after, nowMs }: TimelineOptions,
): Promise<Timeline> {
  const { executionId } = description;
  const page = new RowPage({ limit, after });
  const definition = await executions.definition(executionId);
  const ends = new EndedVisits(definition);
  let takenOver = 0;
  for await (const result of resultsOf(executions, executionId)) {
    if (result.run > run) continue;
    const isLate = isLateFor(result, description);
    if (!isLate) ends.add(result);
    if (result.run < run) continue;
    if (isTakenOver(result, description)) takenOver++;
    else page.add(rowOfResult(result, isLate));
  }
  if (run === description.run) for (const row of await openRows(executions, description, ends, nowMs)) page.add(row);
  const { rows, total, before } = page.close();
  const last = rows.at(-1);
  const hasMore = last !== undefined && before + rows.length < total;
  return {
    rows,
    total,
    before,
    takenOver,
    criticalPath: ends.criticalPath(),
    ...(hasMore && { next: encodePlace(placeOfRow(last)) }),
  };
}

async function* resultsOf(executions: Executions, executionId: string): AsyncGenerator<NodeResultView> {
  let after: string | undefined;
  do {
    const page = await executions.results(executionId, { limit: RESULTS_PAGE, ...(after !== undefined && { after }) });
    yield* page.results;
    after = page.next;
  } while (after !== undefined);
}

const isLateFor = ({ endedAtMs, run }: NodeResultView, description: ExecutionDescription): boolean =>
  run === description.run &&
  description.status !== 'SUCCEEDED' &&
  description.endedAtMs !== undefined &&
  endedAtMs > description.endedAtMs;

const isTakenOver = ({ endedAtMs }: NodeResultView, { origin, startedAtMs }: ExecutionDescription): boolean =>
  origin !== undefined && endedAtMs < startedAtMs;

/** When nodes ended: of a graph each, else only the last. */
class EndedVisits {
  readonly #definition: Definition;
  readonly #nodes: Readonly<Record<string, NodeDefinition>>;
  readonly #byNode = new Map<string, EndedVisit & { readonly run: number }>();
  #lastEndMs: number | undefined;

  constructor(definition: Definition) {
    this.#definition = definition;
    this.#nodes = definition.nodes;
  }

  add({ nodeId, run, queuedAtMs, endedAtMs, status }: NodeResultView): void {
    this.#lastEndMs = Math.max(this.#lastEndMs ?? 0, endedAtMs);
    if (this.#definition.strategy !== 'parallel' || status === 'SKIPPED') return;
    if (run >= (this.#byNode.get(nodeId)?.run ?? 0)) this.#byNode.set(nodeId, { nodeId, run, queuedAtMs, endedAtMs });
  }

  /** When all that a node waits for had ended. */
  readyAtMs(nodeId: string, startedAtMs: number): number {
    if (this.#definition.strategy !== 'parallel') return this.#lastEndMs ?? startedAtMs;
    const parents = this.#nodes[nodeId]?.dependsOn ?? [];
    return Math.max(startedAtMs, ...parents.map((parent) => this.#byNode.get(parent)?.endedAtMs ?? startedAtMs));
  }

  criticalPath(): CriticalPath {
    if (this.#definition.strategy !== 'parallel') return undefined;
    const path = criticalPath(
      this.#definition,
      [...this.#byNode.values()].sort((a, b) => a.endedAtMs - b.endedAtMs),
    );
    const [first] = path;
    const last = path.at(-1);
    return {
      nodes: path.map(({ nodeId }) => nodeId),
      durationMs: first === undefined || last === undefined ? 0 : Math.max(0, last.endedAtMs - first.queuedAtMs),
    };
  }
}

/** What runs now has no result yet; its history tells what attempts it made. */
async function openRows(
  executions: Executions,
  { executionId, run, status, isAtRest, startedAtMs, progress }: ExecutionDescription,
  ends: EndedVisits,
  nowMs: number,
): Promise<TimelineRow[]> {
  if (isTerminal(status) || isAtRest || progress.running.length === 0) return [];
  const attempts = new Map<string, AttemptEvent[]>(progress.running.map((nodeId) => [nodeId, []]));
  let after: string | undefined;
  do {
    const page = await executions.history(executionId, { limit: EVENTS_PAGE, ...(after !== undefined && { after }) });
    for (const event of page.events) {
      if (!('nodeId' in event) || event.run !== run) continue;
      const known = attempts.get(event.nodeId);
      if (known === undefined) continue;
      // A visit that has ended has a row of its own.
      if (event.type === 'NodeSucceeded' || event.type === 'NodeFailed' || event.type === 'NodeSkipped')
        known.length = 0;
      else if ((event.type === 'NodeStarted' || event.type === 'NodeRetryScheduled') && event.chunk === undefined)
        known.push(event);
    }
    after = page.next;
  } while (after !== undefined);
  return [...attempts].map(([nodeId, events]) =>
    rowOfOpenVisit({ nodeId, run, readyAtMs: ends.readyAtMs(nodeId, startedAtMs), events }, nowMs),
  );
}
