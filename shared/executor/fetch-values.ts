import * as z from 'zod';
import { ROUTES } from '../api/routes.ts';
import type { Json } from '../model/json.ts';
import { ItemFailure, type NodeResultView } from '../model/result.ts';
import type { ApiClient } from './api-client.ts';
import { type ExecutionOutcome, Globals, type ResultsPage } from './description.ts';
import type { ResultsOptions } from './executions.ts';
import { standingResults } from './standing-results.ts';

/** What an execution gave, whole: values that are too large for the API's answer are fetched from where it says. */
export async function fetchOutcome(api: ApiClient, executionId: string): Promise<ExecutionOutcome> {
  const answer = await api.call(ROUTES.getOutcome, { params: { executionId } });
  const { outputAt, globalsAt, partialResultsAt = {}, hasMorePartialResults, ...outcome } = answer;
  if (outputAt !== undefined) outcome.output = await api.fetchValue(outputAt);
  if (globalsAt !== undefined) outcome.globals = Globals.parse(await api.fetchValue(globalsAt));
  if (outcome.partialResults === undefined) return outcome;
  const known = new Map<string, Json>(Object.entries(outcome.partialResults));
  for (const [node, link] of Object.entries(partialResultsAt)) known.set(node, await api.fetchValue(link));
  if (hasMorePartialResults === true)
    for await (const [node, output] of missingOutputs(api, executionId, known)) known.set(node, output);
  return { ...outcome, partialResults: Object.fromEntries(known) };
}

/** Outputs that no answer had room for. */
async function* missingOutputs(
  api: ApiClient,
  executionId: string,
  known: ReadonlyMap<string, Json>,
): AsyncGenerator<[string, Json]> {
  const all: NodeResultView[] = [];
  let after: string | undefined;
  do {
    const page = await fetchResults(api, executionId, { withOutputs: true, ...(after !== undefined && { after }) });
    all.push(...page.results.filter(({ nodeId }) => !known.has(nodeId)));
    after = page.next;
  } while (after !== undefined);
  for (const { nodeId, status, output } of standingResults(all))
    if (status === 'SUCCEEDED') yield [nodeId, output ?? null];
}

/** A page of results, whole. */
export async function fetchResults(
  api: ApiClient,
  executionId: string,
  { withOutputs, ...page }: ResultsOptions,
): Promise<ResultsPage> {
  const outputs = withOutputs === undefined ? undefined : String(withOutputs);
  const answer = await api.call(ROUTES.listResults, { params: { executionId }, query: { ...page, outputs } });
  for (const result of answer.results) {
    const { outputAt, failuresAt } = result;
    if (outputAt !== undefined) result.output = await api.fetchValue(outputAt);
    if (failuresAt !== undefined) result.failures = z.array(ItemFailure).parse(await api.fetchValue(failuresAt));
    delete result.outputAt;
    delete result.failuresAt;
  }
  return answer;
}
