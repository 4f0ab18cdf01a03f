import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { handlers } from '../../../examples/handlers.ts';
import * as orders from '../../../examples/orders/handlers.ts';
import type { DefinitionInput } from '../../../shared/model/definition.ts';
import { createTestExecutor, type Failure, historyOf } from '../../../shared/testing/testing.ts';

const folder = join(import.meta.dirname, '../../../examples/orders');
const workflow: DefinitionInput = parseYaml(readFileSync(join(folder, 'workflow.yaml'), 'utf8'));

async function run(name: string, failures: readonly Failure[] = []) {
  const input: unknown = JSON.parse(readFileSync(join(folder, `inputs/${name}.json`), 'utf8'));
  await using executor = createTestExecutor({ workflow, handlers, failures });
  const handle = await executor.start(workflow, input);
  const { status, output, error } = await handle.result();
  return { status, output, error, executor, history: await historyOf(handle, { times: true }) };
}

describe('order fulfilment', () => {
  test('an order is reserved, charged and shipped by courier', async () => {
    const { history, output } = await run('shipped');

    expect(new Set(history)).toEqual(
      new Set([
        '0 ms: started',
        '0 ms: validate succeeded',
        '0 ms: reserve succeeded',
        '0 ms: charge succeeded',
        '0 ms: release skipped',
        '0 ms: refund skipped',
        '0 ms: ship succeeded',
        '0 ms: outcome succeeded',
        '0 ms: succeeded',
      ]),
    );
    expect(output).toEqual({
      orderId: 'A-1001',
      status: 'SHIPPED',
      tracking: 'courier-A-1001',
      chargedCents: 4100,
      released: null,
      refunded: null,
      reasons: [],
    });
  });

  test('a declined card is not tried again, and its reservation is released', async () => {
    const { history, output } = await run('card-declined');

    expect(new Set(history)).toEqual(
      new Set([
        '0 ms: started',
        '0 ms: validate succeeded',
        '0 ms: reserve succeeded',
        '0 ms: charge failed (CardDeclined)',
        '0 ms: refund skipped',
        '0 ms: release succeeded',
        '0 ms: outcome succeeded',
        '0 ms: succeeded',
      ]),
    );
    expect(output).toMatchObject({
      status: 'NOT_SHIPPED',
      chargedCents: 0,
      released: 'reservation-A-1002',
      reasons: ['The card for order A-1002 was declined'],
    });
  });

  test('an order out of stock is refunded', async () => {
    const { history, output } = await run('out-of-stock');

    expect(new Set(history)).toEqual(
      new Set([
        '0 ms: started',
        '0 ms: validate succeeded',
        '0 ms: reserve failed (OutOfStock)',
        '0 ms: charge succeeded',
        '0 ms: release skipped',
        '0 ms: refund succeeded',
        '0 ms: outcome succeeded',
        '0 ms: succeeded',
      ]),
    );
    expect(output).toMatchObject({
      status: 'NOT_SHIPPED',
      tracking: null,
      refunded: 'charge-A-1003',
      reasons: ['3 of pot are ordered, 1 are in stock'],
    });
  });

  test('where both parts fail nothing is undone', async () => {
    const { history, output } = await run('both-fail');

    expect(new Set(history)).toEqual(
      new Set([
        '0 ms: started',
        '0 ms: validate succeeded',
        '0 ms: reserve failed (OutOfStock)',
        '0 ms: charge failed (CardDeclined)',
        '0 ms: release skipped',
        '0 ms: refund skipped',
        '0 ms: outcome succeeded',
        '0 ms: succeeded',
      ]),
    );
    expect(output).toMatchObject({ status: 'NOT_SHIPPED', released: null, refunded: null });
  });

  test('a busy gateway is asked again after a second', async () => {
    const { history, output } = await run('gateway-busy');

    expect(history).toContain('0 ms: charge failed (attempt 1, GatewayBusy), again in 1000 ms');
    expect(history).toContain('1000 ms: charge succeeded (attempt 2)');
    expect(output).toMatchObject({ status: 'SHIPPED' });
  });

  test('a gateway that does not answer is asked four times, then the reservation is released', async () => {
    const { history, output } = await run('shipped', [{ node: 'charge', timeout: true }]);

    expect(history.filter((line) => line.includes('charge'))).toEqual([
      '10000 ms: charge failed (attempt 1, NodeTimedOut), again in 1000 ms',
      '21000 ms: charge failed (attempt 2, NodeTimedOut), again in 2000 ms',
      '33000 ms: charge failed (attempt 3, NodeTimedOut), again in 4000 ms',
      '47000 ms: charge failed (attempt 4, NodeTimedOut)',
    ]);
    expect(output).toMatchObject({ status: 'NOT_SHIPPED', released: 'reservation-A-1001' });
  });

  test('a runner that dies when the card is charged charges again under the same key', async () => {
    const { output, executor } = await run('shipped', [{ node: 'charge', crash: 'after' }]);

    expect(executor.calls('charge').map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      'execution-1/charge/1',
      'execution-1/charge/1',
    ]);
    expect(output).toMatchObject({ status: 'SHIPPED', chargedCents: 4100 });
  });

  test('without a courier the order goes by post', async () => {
    const { history, executor } = await run('courier-down');

    expect(history).toContain('0 ms: ship succeeded (fallback, Error)');
    expect(executor.calls('ship').at(-1)).toMatchObject({
      handler: 'orders.ship-by-post',
      output: { trackingId: 'post-A-1006', by: 'post' },
    });
  });

  test('an order of nothing fails the execution', async () => {
    const { status, error, executor } = await run('invalid');

    expect({ status, error }).toMatchObject({ status: 'FAILED', error: { code: 'INVALID_NODE_INPUT' } });
    expect(executor.calls('validate')).toEqual([]);
  });

  test('every handler the YAML names is exported beside it', () => {
    const exported = Object.values(orders).flatMap((value) =>
      'type' in value && 'execute' in value ? [value.type] : [],
    );

    const named = JSON.stringify(workflow)
      .match(/"orders\.[a-z-]+"/g)
      ?.map((name) => JSON.parse(name));

    expect(exported.toSorted()).toEqual([...new Set(named)].toSorted());
  });
});
