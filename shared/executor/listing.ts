import * as z from 'zod';
import { parseInput } from '../core/parse-input.ts';
import { WorkflowName } from '../model/ids.ts';
import type { ListedMeta, SummarizedMeta } from '../model/items.ts';
import { ExecutionStatus, isTerminal } from '../model/result.ts';
import { SearchAttributes } from '../model/search-attributes.ts';
import type { ListOptions as TableListOptions } from '../ports/item-table.ts';
import { attributeListing, listingBound } from '../store/keys.ts';
import type { Store } from '../store/store.ts';

/** Up to the year 33658: as wide as the index sorts. */
export const TimeMs = z.number().min(0).max(999_999_999_999_998);

/** Which executions to list. */
export const ListRequest = z.strictObject({
  /** Default: all. */
  workflow: WorkflowName.optional().meta({ description: 'Default: all' }),
  /** Default: any. */
  status: ExecutionStatus.optional(),
  /** Those that started at this time or later. Default: the beginning. */
  fromMs: TimeMs.optional().meta({ description: 'Started at this time or later' }),
  /** Those that started at this time or before. Default: now. */
  toMs: TimeMs.optional().meta({ description: 'Started at this time or before' }),
  /** Those that were started with all of these. Name the one that fewest have first. */
  searchAttributes: SearchAttributes.optional().meta({
    description: 'Started with all of these; name the one that fewest have first: `searchAttributes[customer]=c1`',
  }),
  /** Default 100, at most 1,000. */
  limit: z.int().min(1).max(1_000).default(100),
  /** The `next` of the page before. */
  after: z
    .string()
    .regex(/^\d{15}#[A-Za-z0-9_-]{1,80}$/, "is not the 'next' of a page")
    .optional(),
});
export type ListOptions = z.input<typeof ListRequest>;

/** An execution in a list. */
export const ExecutionSummary = z.object({
  executionId: z.string(),
  workflow: z.string(),
  status: ExecutionStatus,
  /** 1, or more after a redrive. */
  run: z.int(),
  startedAtMs: z.number(),
  endedAtMs: z.number().optional(),
});
export type ExecutionSummary = z.infer<typeof ExecutionSummary>;

/** A page of executions, latest start first. It may hold fewer than asked for, and there may be more all the same. */
export const ExecutionsPage = z.object({
  executions: z.array(ExecutionSummary),
  /** Pass as `after` for the next page; absent at the end. */
  next: z.string().optional(),
});
export type ExecutionsPage = z.infer<typeof ExecutionsPage>;

/** Looks at so many executions at the most for one page, when few are what is asked for and the index tells which. */
const LOOKED_AT = 5_000;
/** The same where each has to be looked up. */
const LOOKED_UP = 1_000;
/** Where not all will do, so many are looked at in one go. */
const STEP = 100;

/** @throws {InvalidInputError} */
export async function listExecutions(store: Store, options: ListOptions): Promise<ExecutionsPage> {
  const { workflow, limit, after, ...request } = parseInput(ListRequest, options, 'The list request');
  const { fromMs, toMs } = request;
  const isWanted = filterOf(request);
  const workflows = workflow === undefined ? await store.workflows.names() : [workflow];
  const from = fromMs === undefined ? {} : { from: listingBound(Math.ceil(fromMs)) };
  const executions: ExecutionSummary[] = [];
  let before = earlier(after, toMs === undefined ? undefined : listingBound(Math.floor(toMs) + 1));
  const hasAttributes = Object.keys(request.searchAttributes ?? {}).length > 0;
  const isSifted = hasAttributes || request.status !== undefined;
  for (let left = !hasAttributes && isFailure(request.status) ? LOOKED_AT : LOOKED_UP; ; ) {
    const step = isSifted ? Math.min(left, Math.max(STEP, limit - executions.length)) : limit;
    const latest = await latestOf(store, workflows, request, {
      ...from,
      limit: step,
      ...(before !== undefined && { before }),
    });
    for (const [index, { listedAs, found }] of latest.entries()) {
      before = listedAs;
      if (found !== undefined && isWanted(found)) executions.push(summaryOf(found));
      const isLast = index === latest.length - 1 && latest.length < step;
      if (executions.length === limit) return { executions, ...(!isLast && { next: before }) };
    }
    if (latest.length < step) return { executions };
    left -= step;
    if (left <= 0) return { executions, ...(before !== undefined && { next: before }) };
  }
}

type Filter = Pick<z.output<typeof ListRequest>, 'status' | 'fromMs' | 'toMs' | 'searchAttributes'>;

function filterOf({ status, fromMs = 0, toMs = Number.POSITIVE_INFINITY, searchAttributes = {} }: Filter) {
  const attributes = Object.entries(searchAttributes);
  return (meta: SummarizedMeta): boolean =>
    (status === undefined || meta.status === status) &&
    meta.startedAtMs >= fromMs &&
    meta.startedAtMs <= toMs &&
    attributes.every(([name, value]) => meta.searchAttributes?.[name] === value);
}

/** A place in the index of executions, and what stands there: nothing if its start came to nothing, or it is not asked for. */
interface Listed {
  readonly listedAs: string;
  readonly found: SummarizedMeta | undefined;
}

/** The latest of all the workflows together: each gives as many as are wanted, so none is missed. */
async function latestOf(
  store: Store,
  workflows: readonly string[],
  { status, searchAttributes = {} }: Filter,
  range: TableListOptions,
): Promise<Listed[]> {
  const [attribute] = Object.entries(searchAttributes);
  const listOf = (workflow: string): Promise<Place[]> =>
    attribute === undefined
      ? store.executions.listed(workflow, range)
      : store.executions.listedBy(workflow, ...attribute, range);
  const places = latest(await Promise.all(workflows.map(listOf)), range.limit);
  // The index tells who ended without success, and a search attribute's place in it tells nothing.
  const isSettled = attribute === undefined && status !== undefined;
  const mayBe = ({ endedAs }: Place) => !isSettled || endedAs === (isFailure(status) ? status : undefined);
  const asked = new Set(places.filter(mayBe).map(({ executionId }) => executionId));
  const metas = await store.executions.loadSummaries([...asked]);
  return places.map(({ listedAs, executionId, workflow }) => {
    const meta = metas.get(executionId);
    // A start that was refused, as its id was taken, may have left a place behind.
    const isOfIt =
      meta !== undefined && (attribute === undefined || workflow === attributeListing(meta.workflow, ...attribute));
    return { listedAs, found: isOfIt ? meta : undefined };
  });
}

const isFailure = (status: ExecutionStatus | undefined): boolean =>
  status !== undefined && isTerminal(status) && status !== 'SUCCEEDED';

type Place = Pick<ListedMeta, 'listedAs' | 'executionId' | 'endedAs'> & { readonly workflow: string };

const latest = (lists: readonly Place[][], limit: number): Place[] =>
  lists
    .flat()
    .sort((a, b) => (a.listedAs < b.listedAs ? 1 : -1))
    .slice(0, limit);

const earlier = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a;

const summaryOf = ({
  executionId,
  workflow,
  status,
  run,
  startedAtMs,
  endedAtMs,
}: SummarizedMeta): ExecutionSummary => ({
  executionId,
  workflow,
  status,
  run,
  startedAtMs,
  ...(endedAtMs !== undefined && { endedAtMs }),
});
