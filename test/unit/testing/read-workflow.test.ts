import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { createTestExecutor, parseWorkflow, readWorkflow } from '../../../shared/testing/testing.ts';

const ORDERS = `
name: orders
nodes:
  charge: { handler: charge, retry: { maxRetries: 1 } }
  ship: { handler: ship, dependsOn: [charge] }
`;
const handlers = [
  defineNode({ type: 'charge', execute: () => 'charged' }),
  defineNode({ type: 'ship', execute: () => 'shipped' }),
];

it('a workflow in YAML is tested like any other: its names are known when the executor is made', async () => {
  const workflow = parseWorkflow(ORDERS);
  await using executor = createTestExecutor({
    ...{ workflow, handlers },
    failures: [{ node: 'charge', attempt: 1, error: new Error('busy') }],
  });

  const { output, executionTimeMs } = await executor.execute(workflow, null);

  expect(output).toBe('shipped');
  expect(executionTimeMs).toBe(1_000);
  expect(() => createTestExecutor({ workflow, handlers, replace: { pack: () => null } })).toThrow(/'pack'/);
});

it('a file that is not valid, or not there, says where', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanjoin-test-'));
  const file = join(folder, 'orders.yaml');
  writeFileSync(file, ORDERS.replace('[charge]', '[chrage]'));

  expect(() => readWorkflow(file)).toThrow(/orders\.yaml:5:\d+ {2}nodes\.ship\.dependsOn\[0\]: .*chrage/);
  expect(() => readWorkflow(join(folder, 'none.yaml'))).toThrow(/none\.yaml' cannot be read/);
  expect(() => parseWorkflow('name: x\nname: y')).toThrow(/workflow:2:1/);
  rmSync(folder, { recursive: true });
});
