import { allResults } from '../../shared/executor/execution-result.ts';
import { ExecutionService } from '../../shared/executor/execution-service.ts';
import type { Executions } from '../../shared/executor/executions.ts';
import { isTerminal } from '../../shared/model/result.ts';
import { readAgreement } from '../support/agreement.ts';
import { check } from '../support/oracle.ts';
import type { Client } from './client.ts';
import type { PlannedExecution, Scenario } from './scenario.ts';
import type { World } from './world.ts';

/** What is wrong with how everything ended. */
export async function endingProblems(world: World, scenario: Scenario, client: Client): Promise<string[]> {
  const service = new ExecutionService({
    store: world.store,
    clock: { nowMs: () => world.loop.nowMs, after: () => () => undefined },
    handlersVersion: () => '',
    newId: () => '',
  });
  const problems: string[] = [];
  for (const executionId of client.executionIds) {
    const planned = scenario.executions.find(
      (one) => executionId === one.executionId || executionId.startsWith(`${one.executionId}-`),
    );
    if (planned === undefined) continue;
    const found = await executionProblems(world, service, executionId, planned);
    problems.push(...found.map((problem) => `${executionId}: ${problem}`));
  }
  return problems;
}

async function executionProblems(
  world: World,
  service: ExecutionService,
  executionId: string,
  { definition, input }: PlannedExecution,
): Promise<string[]> {
  const items = world.table.partition(`EXEC#${executionId}`);
  const meta = items.find(({ sk }) => sk === 'META');
  if (meta === undefined) return ['it is not there'];
  if (!isTerminal(meta.status as never)) return [`it is ${String(meta.status)}`];
  if (meta.cachedFrom !== undefined) return [];
  const result = await readAgreement(service, executionId);
  if (result.status === 'CANCELLED' || result.status === 'TIMED_OUT' || hasForeignErrors(world, items)) return [];
  return check(definition, input, result, { slackMs: 3_000 });
}

/** Errors that no handler threw: what they lead to, the oracle does not know. */
const hasForeignErrors = ({ faults }: World, items: readonly unknown[]): boolean =>
  faults.fired.some(({ kind }) => kind === 'handlerIsStuck') || JSON.stringify(items).includes('RunnerCrashed');

export async function resultsOf(service: ExecutionService, executionId: string) {
  return allResults({ results: (id, page) => service.results(id, page) } as Executions, executionId);
}
