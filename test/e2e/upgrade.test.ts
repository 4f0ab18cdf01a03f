import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteFunctionCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { DynamoItemTable } from '../../shared/adapters/aws/dynamo-table.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { MetaItem } from '../../shared/model/items.ts';
import { parseItem } from '../../shared/store/parse-item.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'fanjoin-upgrade-'));
afterAll(() => rmSync(folder, { recursive: true }));

const entry = (name: string) => join(import.meta.dirname, `../upgrade/${name}.ts`);

/** A gate that executions wait at, in mid-run, until it is opened. */
function aGate() {
  const file = join(folder, `${Math.random()}`);
  return { file, open: () => writeFileSync(file, '') };
}

/** One node before the gate, and every kind of work behind it. */
const definition = (name: string, handlers?: 'pinned') => ({
  name,
  config: { timeoutSeconds: 120, ...(handlers !== undefined && { handlers }) },
  nodes: {
    first: { handler: 'version' },
    gate: { handler: 'hold', dependsOn: ['first'], input: { until: '{% $input.until %}' } },
    next: { handler: 'version', dependsOn: ['gate'] },
    again: { handler: 'version-or-fail', dependsOn: ['gate'], retry: { maxRetries: 1, intervalSeconds: 1 } },
    each: { type: 'map' as const, handler: 'version', dependsOn: ['gate'], items: '{% [1..5] %}', chunkSize: 2 },
    last: {
      type: 'transform' as const,
      dependsOn: ['next', 'again', 'each'],
      output: { next: '{% $nodes.next %}', again: '{% $nodes.again %}', each: '{% $nodes.each %}' },
    },
  },
});

const outcome = (version: string) => ({ next: version, again: version, each: Array(5).fill(version) });

describe.skipIf(!canRunEmulators()).each(['stream', 'eager'] as const)(
  'a deploy in mid-run (advance: %s)',
  (advance) => {
    let stack: LocalStack;
    afterAll(() => stack?.stop());
    const deployed = { handlersEntry: entry('handlers-before'), advance };

    beforeEach(async () => {
      if (stack === undefined) ({ stack } = await aLocalStack({ ...deployed, maxConcurrency: 8 }));
      else await stack.deploy(deployed);
    }, 120_000);

    /** By hand-off, the runner that held the gate goes on with one node itself: it has begun by the code it was. */
    const behindTheGate = (version: string) =>
      advance === 'eager' ? { ...outcome(version), next: expect.stringMatching('before|after') } : outcome(version);
    const open = () => new WorkflowExecutor(stack.connection);
    const atTheGate = (executor: WorkflowExecutor, executionId: string) =>
      expect
        .poll(async () => (await executor.get(executionId).results()).results, { timeout: 60_000 })
        .toMatchObject([{ nodeId: 'first' }]);

    it('ends pinned executions on the code they began with, others on the new, and loses none', {
      timeout: 120_000,
    }, async () => {
      const gate = aGate();
      await using executor = open();
      const start = (name: string, handlers?: 'pinned') =>
        executor.start(definition(name, handlers), { until: gate.file });
      const pinned = await Promise.all([1, 2].map(() => start('pinned', 'pinned')));
      const latest = await Promise.all([1, 2].map(() => start('latest')));
      for (const { executionId } of [...pinned, ...latest]) await atTheGate(executor, executionId);

      await stack.deploy({ ...deployed, handlersEntry: entry('handlers-after') });
      gate.open();

      const results = async (handles: typeof pinned) =>
        (await Promise.all(handles.map((one) => one.result()))).map(({ output }) => output);
      expect(await results(pinned)).toEqual(Array(2).fill(outcome('before')));
      expect(await results(latest)).toEqual(Array(2).fill(behindTheGate('after')));
      for (const handle of [...pinned, ...latest]) {
        const { results: ended } = await handle.results();
        expect(ended.map(({ nodeId, attempts }) => [nodeId, attempts.length])).toEqual([
          ['again', 2],
          ['each', expect.any(Number)],
          ['first', 1],
          ['gate', 1],
          ['last', expect.any(Number)],
          ['next', 1],
        ]);
      }
    });

    it('changes nothing of the definition that runs, nor takes away a handler that is no longer deployed', {
      timeout: 120_000,
    }, async () => {
      const gate = aGate();
      await using executor = open();
      const before = {
        name: 'orders',
        config: { handlers: 'pinned' as const },
        nodes: {
          first: { handler: 'version' },
          gate: { handler: 'hold', dependsOn: ['first'], input: { until: '{% $input.until %}' } },
          old: { handler: 'dropped', dependsOn: ['gate'] },
        },
      };
      const after = { name: 'orders', nodes: { only: { handler: 'version' } } };
      await executor.publish(before);
      const running = await executor.start('orders', { until: gate.file });
      await atTheGate(executor, running.executionId);

      await stack.deploy({ ...deployed, handlersEntry: entry('handlers-after') });
      await executor.publish(after);
      gate.open();
      const [old, fresh] = await Promise.all([running.result(), executor.execute('orders', null)]);

      expect(old).toMatchObject({ status: 'SUCCEEDED', output: 'only before' });
      expect(fresh).toMatchObject({ status: 'SUCCEEDED', output: 'after' });
    });

    it('fails a node whose version is deleted, and goes on by the latest when it is redriven so', {
      timeout: 120_000,
    }, async () => {
      const gate = aGate();
      await using executor = open();
      const handle = await executor.start(definition('gone', 'pinned'), { until: gate.file });
      await atTheGate(executor, handle.executionId);
      await stack.deploy({ ...deployed, handlersEntry: entry('handlers-after') });
      const [tableName = ''] = stack.tableNames;
      const table = new DynamoItemTable({ client: stack.clients.dynamo, tableName });
      const item = await table.get({ pk: `EXEC#${ExecutionId.parse(handle.executionId)}`, sk: 'META' });
      const runner = parseItem(MetaItem, item ?? { pk: '', sk: '' }).pin?.runners?.default;
      await stack.clients.lambda.send(new DeleteFunctionCommand({ FunctionName: runner }));

      gate.open();
      const failed = await handle.result();
      await handle.redrive({ handlers: 'latest' });
      const redriven = await handle.result();

      expect(failed).toMatchObject({
        status: 'FAILED',
        error: { code: 'HANDLERS_VERSION_GONE', message: expect.stringContaining("{ handlers: 'latest' }") },
      });
      expect(redriven).toMatchObject({ status: 'SUCCEEDED', output: behindTheGate('after') });
      const { results } = await handle.results({ withOutputs: true });
      expect(results.find(({ nodeId }) => nodeId === 'first')).toMatchObject({ output: 'before', attempts: [{}] });
      expect(await handle.describe()).not.toHaveProperty('handlersVersion');
    });
  },
);
