import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { handlers } from '../../../examples/handlers.ts';
import * as orders from '../../../examples/orders/handlers.ts';
import { runWorkflow } from './run-workflow.ts';

const folder = join(import.meta.dirname, '../../../examples/orders');
const definition: unknown = parseYaml(readFileSync(join(folder, 'workflow.yaml'), 'utf8'));
const run = (name: string) =>
  runWorkflow(definition, handlers, JSON.parse(readFileSync(join(folder, `inputs/${name}.json`), 'utf8')));

describe('order fulfilment', () => {
  test('an order is reserved, charged and shipped by courier', async () => {
    const { status, outputs } = await run('shipped');

    expect(status).toBe('SUCCEEDED');
    expect(outputs.ship).toEqual({ trackingId: 'courier-A-1001', by: 'courier' });
    expect(outputs.outcome).toEqual({
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
    const { status, outputs, ran, attempts } = await run('card-declined');

    expect(status).toBe('SUCCEEDED');
    expect(attempts.charge).toBe(1);
    expect(ran).toContain('release');
    expect(ran).not.toContain('refund');
    expect(ran).not.toContain('ship');
    expect(outputs.outcome).toMatchObject({
      status: 'NOT_SHIPPED',
      chargedCents: 0,
      released: 'reservation-A-1002',
      reasons: ['The card for order A-1002 was declined'],
    });
  });

  test('an order out of stock is refunded', async () => {
    const { status, outputs, ran } = await run('out-of-stock');

    expect(status).toBe('SUCCEEDED');
    expect(ran).not.toContain('release');
    expect(ran).not.toContain('ship');
    expect(outputs.outcome).toMatchObject({
      status: 'NOT_SHIPPED',
      tracking: null,
      refunded: 'charge-A-1003',
      reasons: ['3 of pot are ordered, 1 are in stock'],
    });
  });

  test('where both parts fail nothing is undone', async () => {
    const { status, outputs, ran } = await run('both-fail');

    expect(status).toBe('SUCCEEDED');
    expect(ran).toEqual(['validate', 'reserve', 'charge', 'outcome']);
    expect(outputs.outcome).toMatchObject({ status: 'NOT_SHIPPED', released: null, refunded: null });
  });

  test('a busy gateway is asked again', async () => {
    const { outputs, attempts } = await run('gateway-busy');

    expect(attempts.charge).toBe(2);
    expect(outputs.outcome).toMatchObject({ status: 'SHIPPED' });
  });

  test('without a courier the order goes by post', async () => {
    const { status, outputs } = await run('courier-down');

    expect(status).toBe('SUCCEEDED');
    expect(outputs.ship).toEqual({ trackingId: 'post-A-1006', by: 'post' });
  });

  test('an order of nothing fails the execution', async () => {
    const { status, errors, outputs } = await run('invalid');

    expect(status).toBe('FAILED');
    expect(Object.keys(errors)).toEqual(['validate']);
    expect(outputs.outcome).toBeUndefined();
  });

  test('every handler the YAML names is exported beside it', () => {
    const exported = Object.values(orders).flatMap((value) =>
      'type' in value && 'execute' in value ? [value.type] : [],
    );

    const named = JSON.stringify(definition)
      .match(/"orders\.[a-z-]+"/g)
      ?.map((name) => JSON.parse(name));

    expect(exported.toSorted()).toEqual([...new Set(named)].toSorted());
  });
});
