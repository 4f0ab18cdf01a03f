import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { OperationCounts, priceOf } from '../../shared/billing/prices.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { isPartOfExecution, untilObserved } from '../bench/ledger.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';
import { handlers } from '../support/local-stack-handlers.ts';

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);

const chainOf10: DefinitionInput = {
  name: 'chain-of-10',
  nodes: Object.fromEntries(
    numbered(10).map((id, n) => [
      id,
      n === 0
        ? { handler: 'double', input: { n: 1 } }
        : { handler: 'double', dependsOn: [`n${n - 1}`], input: '{% { "n": $ } %}' },
    ]),
  ),
};
const fanOutOf100: DefinitionInput = {
  name: 'fan-out-of-100',
  config: { maxParallelNodes: 100 },
  nodes: {
    ...Object.fromEntries(numbered(100).map((id, n) => [id, { handler: 'double', input: { n } }])),
    total: { handler: 'sum', dependsOn: numbered(100) },
  },
};
const mapOf1000: DefinitionInput = {
  name: 'map-of-1000',
  config: { maxParallelNodes: 20 },
  nodes: { each: { type: 'map', handler: 'double', items: '{% [1..1000].{ "n": $ } %}', chunkSize: 50 } },
};
const failing: DefinitionInput = {
  name: 'failing',
  nodes: {
    fine: { handler: 'double', input: { n: 1 } },
    bad: { handler: 'fail', retry: { maxRetries: 1, intervalSeconds: 0 }, dependsOn: ['fine'] },
  },
};

/** What is derived may be wrong by so much: batches that were less full than they could be, seconds cut elsewhere. */
const TOLERANCE = 0.1;
const FEW = 4;

/** Kinds of which there are more or fewer than tolerated. */
function differences(derived: OperationCounts, ledger: OperationCounts, kinds = Object.keys(ledger)): string[] {
  const counted = Object.entries(ledger).filter(([kind]) => kinds.includes(kind));
  return counted.flatMap(([kind, count]) => {
    const other = Object.entries(derived).find(([name]) => name === kind)?.[1] ?? Number.NaN;
    const tolerated = Math.max(FEW, TOLERANCE * count);
    return Math.abs(other - count) <= tolerated ? [] : [`${kind}: ${other}, in the ledger ${count}`];
  });
}

/** How long functions take on this machine says nothing of how long they take on Lambda. */
const withoutTime = (counts: OperationCounts): OperationCounts =>
  OperationCounts.parse({ ...counts, computeGbSeconds: 0 });

describe.skipIf(!canRunEmulators())('billed operations, against a ledger of every request', () => {
  let stack: LocalStack;
  beforeAll(async () => {
    ({ stack } = await aLocalStack({ isMetered: true }));
    // Once before: what is slow the first time makes more batches than what runs on Lambda.
    await using executor = new WorkflowExecutor(stack.connection);
    await executor.execute(failing, null);
  });
  afterAll(() => stack?.stop());

  /** Once the observer has told its end, an execution asks for nothing more. */
  async function measured(executionId: string): Promise<OperationCounts> {
    await untilObserved(stack, executionId);
    return withoutTime(stack.ledger.countsOf(executionId, isPartOfExecution));
  }

  it.each([chainOf10, fanOutOf100, mapOf1000, failing])('agree within a tenth, for a $name', async (definition) => {
    await using executor = new WorkflowExecutor(stack.connection);
    await using local = new WorkflowExecutor({ handlers });

    const searchAttributes = { customer: 'c1', region: 'eu', channel: 'web' };
    const { executionId, metrics } = await executor.execute(definition, null, { searchAttributes });
    const ledger = await measured(executionId);
    const here = await local.execute(definition, null, { searchAttributes });

    const derived = withoutTime(metrics.billedOperations);
    expect(differences(derived, ledger)).toEqual([]);
    expect(Math.abs(priceOf(derived) / priceOf(ledger) - 1)).toBeLessThan(TOLERANCE);
    // In one process results come in other batches, and so the scheduler decides more or less often.
    const alike = ['apiRequests', 'readUnits', 'queueRequests', 'objectPuts', 'objectGets', 'busEvents'];
    expect(differences(withoutTime(here.metrics.billedOperations), ledger, alike)).toEqual([]);
  });
});
