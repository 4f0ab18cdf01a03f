import * as z from 'zod';
import { zodIssues } from '../core/compile.ts';
import { InvalidInputError } from '../errors.ts';
import type { ListedMeta } from '../model/items.ts';
import { ExecutionStatus } from '../model/result.ts';
import type { Store } from '../store/store.ts';

/** Which executions to list. */
export const ListRequest = z.strictObject({
  /** Default: all. */
  workflow: z.string().optional(),
  /** Default: any. */
  status: ExecutionStatus.optional(),
  /** Only those that started then or later, in milliseconds since the epoch. Default: all. */
  fromMs: z.number().min(0).optional(),
  /** Default 100, at most 1,000. */
  limit: z.int().min(1).max(1_000).default(100),
  /** The `next` of the page before. */
  after: z
    .string()
    .regex(/^\d{15}#[A-Za-z0-9_-]{1,80}$/, "is the 'next' of a page")
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

/** Looks at so many executions at the most for one page, when few have the status asked for. */
const LOOKED_AT = 5_000;

/** @throws {InvalidInputError} */
export async function listExecutions(store: Store, options: ListOptions): Promise<ExecutionsPage> {
  const request = ListRequest.safeParse(options);
  if (!request.success) throw new InvalidInputError('The list request', zodIssues(request.error));
  const { workflow, status, fromMs = 0, limit, after } = request.data;
  const workflows = workflow === undefined ? await workflowNames(store) : [workflow];
  const executions: ExecutionSummary[] = [];
  let before = after;
  for (let looked = 0; ; looked += limit) {
    const latest = await latestOf(store, workflows, before, limit);
    for (const [index, found] of latest.entries()) {
      if (found.startedAtMs < fromMs) return { executions };
      before = found.listedAs;
      if (status === undefined || found.status === status) executions.push(summaryOf(found));
      const isLast = index === latest.length - 1 && latest.length < limit;
      if (executions.length === limit) return { executions, ...(!isLast && { next: before }) };
    }
    if (latest.length < limit) return { executions };
    if (looked + limit >= LOOKED_AT) return { executions, ...(before !== undefined && { next: before }) };
  }
}

async function workflowNames(store: Store): Promise<string[]> {
  const names: string[] = [];
  let after: string | undefined;
  do {
    const { items, next }: Awaited<ReturnType<typeof store.workflows.page>> = await store.workflows.page(after, 1_000);
    for (const { sk } of items) names.push(sk);
    after = next;
  } while (after !== undefined);
  return names;
}

/** The latest of all the workflows together: each gives as many as are wanted, so none is missed. */
async function latestOf(
  store: Store,
  workflows: readonly string[],
  before: string | undefined,
  limit: number,
): Promise<ListedMeta[]> {
  const lists = await Promise.all(workflows.map((workflow) => store.executions.listed(workflow, before, limit)));
  return lists
    .flat()
    .sort((a, b) => (a.listedAs < b.listedAs ? 1 : -1))
    .slice(0, limit);
}

const summaryOf = ({ executionId, workflow, status, run, startedAtMs, endedAtMs }: ListedMeta): ExecutionSummary => ({
  executionId,
  workflow,
  status,
  run,
  startedAtMs,
  ...(endedAtMs !== undefined && { endedAtMs }),
});
