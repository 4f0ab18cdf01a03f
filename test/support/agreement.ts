import { allResults } from '../../shared/executor/execution-result.ts';
import type { Executions } from '../../shared/executor/executions.ts';
import type { NodeResultView } from '../../shared/model/result.ts';
import type { AgreementResult } from './oracle.ts';

/** What there is to compare of an ended execution, from wherever it runs. */
export async function readAgreement(
  executions: Pick<Executions, 'outcome' | 'results'>,
  executionId: string,
): Promise<AgreementResult> {
  const { description, output } = await executions.outcome(executionId);
  const { status, error, failedNode } = description;
  const withOutputs: Pick<Executions, 'results'> = {
    results: (id, page) => executions.results(id, { ...page, withOutputs: true }),
  };
  const results = await allResults(withOutputs, executionId);
  const standing = new Map<string, NodeResultView>();
  for (const view of results.toSorted((a, b) => a.run - b.run)) standing.set(`${view.nodeId} ${view.visit}`, view);
  return { status, output, error, failedNode, results: [...standing.values()] };
}
