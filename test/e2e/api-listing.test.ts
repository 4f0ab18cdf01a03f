import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { ExecutionsPage } from '../../shared/executor/listing.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { ApiCalls, giving, idIn } from '../support/api-calls.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';

describe.skipIf(!canRunEmulators())('the API, listing 2,000 executions,', () => {
  let stack: LocalStack;
  let executor: WorkflowExecutor;
  let api: ApiCalls;
  afterAll(async () => {
    await executor?.close();
    await stack?.stop();
  });

  /** Of a cached workflow all but the first are there at once, as ended. */
  const cached: DefinitionInput = { ...giving('counted', 1), cache: { ttlSeconds: 3_600 } };
  const COUNT = 2_000;
  const ids: string[] = [];

  async function pages(query: string, limit: number): Promise<string[][]> {
    const found: string[][] = [];
    let after = '';
    do {
      const { body } = await api.get(`/executions?${query}&limit=${limit}${after}`);
      const { executions, next } = ExecutionsPage.parse(body);
      found.push(executions.map(({ executionId }) => executionId));
      after = next === undefined ? '' : `&after=${encodeURIComponent(next)}`;
    } while (after !== '');
    return found;
  }

  beforeAll(async () => {
    ({ stack } = await aLocalStack());
    executor = new WorkflowExecutor(stack.connection);
    api = new ApiCalls(stack);
    ids.push(idIn(await api.post('/executions?wait=25', { definition: cached, executionId: 'counted-0000' })));
    await api.post('/workflows', { definition: cached });
    const rest = Array.from({ length: COUNT - 1 }, (_, index) => `counted-${String(index + 1).padStart(4, '0')}`);
    for (let first = 0; first < rest.length; first += 50) {
      await Promise.all(
        rest.slice(first, first + 50).map(async (executionId, index) => {
          const searchAttributes = { customer: `c${index % 10}`, parity: index % 2 === 0 ? 'even' : 'odd' };
          ids.push(idIn(await api.post('/executions', { workflow: 'counted', executionId, searchAttributes })));
        }),
      );
    }
  }, 300_000);

  it('gives each of 2,000 once, latest start first, in pages of any size', { timeout: 120_000 }, async () => {
    const byHundred = await pages('workflow=counted', 100);
    const byThousand = await pages('workflow=counted', 1_000);
    const bySeven = (await pages('workflow=counted&status=SUCCEEDED', 777)).flat();

    // The last full one cannot know that it is the last.
    expect(byHundred.map(({ length }) => length)).toEqual([...Array(COUNT / 100).fill(100), 0]);
    expect(byHundred.flat().toSorted()).toEqual(ids.toSorted());
    expect(byThousand.flat()).toEqual(byHundred.flat());
    expect(bySeven).toEqual(byHundred.flat());
    expect(byHundred.flat().at(-1)).toBe('counted-0000');
    expect(await pages('workflow=counted&status=FAILED', 1_000)).toEqual([[]]);
  });

  it('finds those with a search attribute, in pages and in order', { timeout: 120_000 }, async () => {
    const all = (await pages('workflow=counted', 1_000)).flat();
    const ofCustomer = await pages('workflow=counted&searchAttributes[customer]=c3', 60);
    const even = (await pages('searchAttributes[customer]=c4&searchAttributes[parity]=even', 1_000)).flat();
    const none = await pages('searchAttributes[customer]=c4&searchAttributes[parity]=odd', 50);

    const expected = all.filter((id) => ofCustomer.flat().includes(id));
    expect(ofCustomer.flat()).toHaveLength(200);
    expect(ofCustomer.flat()).toEqual(expected);
    expect(even).toHaveLength(200);
    expect(none.flat()).toEqual([]);
    const [first = ''] = even;
    expect(await executor.get(first).describe()).toMatchObject({
      searchAttributes: { customer: 'c4', parity: 'even' },
    });
  });

  it('finds those that started in a range of time', { timeout: 120_000 }, async () => {
    const { body } = await api.get('/executions?workflow=counted&limit=1000');
    const { executions } = ExecutionsPage.parse(body);
    const from = executions[700]?.startedAtMs ?? 0;
    const to = executions[300]?.startedAtMs ?? 0;
    const inRange = executions.filter(({ startedAtMs }) => startedAtMs >= from && startedAtMs <= to);

    const found = (await pages(`workflow=counted&fromMs=${from}&toMs=${to}`, 90)).flat();

    expect(found.length).toBeGreaterThan(300);
    expect(found).toEqual(inRange.map(({ executionId }) => executionId));
    expect(await pages(`workflow=counted&toMs=${from}&fromMs=${to}`, 100)).toEqual([[]]);
  });
});
