import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../../cli/run-cli.ts';
import { aTestIo } from './test-io.ts';

const ORDERS = `
name: orders
nodes:
  echo: { type: transform, output: '{% $input %}' }
triggers:
  - id: placed
    type: event
    pattern: { source: [shop], detail: { total: [{ numeric: ['>', 0] }] } }
    input: { order: '{% $event.detail.order %}' }
  - { id: any-of-shop, type: event, pattern: { source: [shop] }, idempotencyKey: '{% $event.detail.payment %}' }
  - { id: nightly, type: schedule, cron: '0 2 * * ? *' }
  - { id: uploaded, type: s3, bucket: uploads, prefix: in/, suffix: .csv, input: '{% $event.detail.object.key %}' }
  - { id: queued, type: sqs, queue: jobs }
`;
const uploaded = {
  id: '7',
  source: 'aws.s3',
  'detail-type': 'Object Created',
  detail: { object: { key: 'in/a.csv' } },
};

describe('fanjoin trigger', () => {
  let cwd: string;
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'fanjoin-cli-trigger-'));
    writeFileSync(join(cwd, 'orders.yaml'), ORDERS);
    writeFileSync(join(cwd, 'plain.yaml'), 'name: plain\nnodes: { echo: { type: transform, output: 1 } }\n');
    writeFileSync(
      join(cwd, 'event.json'),
      JSON.stringify({ id: 'e-1', source: 'shop', detail: { order: 'A-1', total: 5, payment: 'p-1' } }),
    );
  });
  afterAll(() => rmSync(cwd, { recursive: true }));

  async function run(...args: string[]) {
    const io = aTestIo({ cwd });
    const code = await runCli(['trigger', ...args], io);
    return { code, stdout: io.stdout.text, stderr: io.stderr.text };
  }
  const matching = async (event: unknown) => {
    const { stdout } = await run('orders.yaml', '--event', JSON.stringify(event), '--json');
    const triggers: { trigger: string; matches: boolean; input?: unknown }[] = JSON.parse(stdout).triggers;
    return triggers.filter(({ matches }) => matches).map(({ trigger, input }) => [trigger, input]);
  };

  it('shows which triggers an event matches, and what each would start', async () => {
    const { code, stdout } = await run('orders.yaml', '--event', '@event.json');

    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^✓ placed \(event\) matches\n {4}execution {2}placed-\S{32} .*"e-1"\n {4}input +\{"order":"A-1"\}\n/,
    );
    expect(stdout).toMatch(/✓ any-of-shop \(event\) matches\n {4}execution {2}any-of-shop-\S{32} .*"p-1"/);
    expect(stdout).toMatch(/- nightly \(schedule\) does not match\n/);
  });

  it('knows what schedules, buckets and queues send', async () => {
    expect(await matching({ scheduledTime: '2026-03-29T00:30:00Z' })).toEqual([
      ['nightly', { scheduledTime: '2026-03-29T00:30:00Z' }],
    ]);
    expect(await matching(uploaded)).toEqual([['uploaded', 'in/a.csv']]);
    expect(await matching({ ...uploaded, detail: { object: { key: 'out/a.csv' } } })).toEqual([]);
    expect(await matching({ messageId: 'm-1', body: { job: 1 } })).toEqual([['queued', { job: 1 }]]);
  });

  it('exits with 2 if nothing matches, or what matches starts nothing', async () => {
    const nothing = await run('orders.yaml', '--event', '{"source":"bank"}');
    const unkeyed = await run('orders.yaml', '--event', '{"id":"1","source":"shop","detail":{"total":1,"order":"A"}}');
    const none = await run('plain.yaml', '--event', '{}');
    const list = await run('orders.yaml', '--event', '[]');

    expect([nothing, unkeyed, none, list].map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    expect(unkeyed.stdout).toMatch(/✗ any-of-shop \(event\) matches, and starts nothing: .*idempotencyKey/);
    expect(none.stderr).toMatch(/plain\.yaml has no triggers/);
    expect(list.stderr).toMatch(/The event/);
  });

  it('starts nothing unless it is told to, and then once', async () => {
    const place = ['--database', 'kept.db'];
    const event = ['--event', '@event.json', '--json'];
    await run('orders.yaml', ...event, ...place);

    const first = await run('orders.yaml', ...event, '--start', ...place);
    const again = await run('orders.yaml', ...event, '--start', ...place);
    const io = aTestIo({ cwd });
    await runCli(['list', '--json', ...place], io);

    const { started } = JSON.parse(first.stdout);
    expect(started).toEqual([expect.stringMatching(/^placed-/), expect.stringMatching(/^any-of-shop-/)]);
    expect(JSON.parse(again.stdout).started).toEqual(started);
    const { executions }: { executions: { executionId: string }[] } = JSON.parse(io.stdout.text);
    expect(executions.map(({ executionId }) => executionId).toSorted()).toEqual(started.toSorted());
  });
});
