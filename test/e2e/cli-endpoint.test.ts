import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../cli/run-cli.ts';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { CheckpointDetail } from '../../shared/executor/checkpoints.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack, ended, start, waitFor } from '../support/local-stack.ts';
import { aTestIo } from '../unit/cli/test-io.ts';

/** A root, `width` nodes beside each other, one of which is tried twice more and caught, and a sum. */
function aGraph(name: string, { width = 3, waitMs = 0 } = {}): DefinitionInput {
  const branches = Array.from({ length: width }, (_, n) => [`branch${n}`, { n, waitMs }] as const);
  const ids = branches.map(([id]) => id);
  return {
    name,
    config: { enableCheckpoints: true, checkpointInterval: 1, maxParallelNodes: 4 },
    nodes: {
      root: { handler: 'double', input: { n: 1, waitMs: 0 } },
      ...Object.fromEntries(branches.map(([id, input]) => [id, { handler: 'double', input, dependsOn: ['root'] }])),
      flaky: {
        ...{ handler: 'fail', dependsOn: ['root'], retry: { maxRetries: 1, intervalSeconds: 1 } },
        catch: [{ errors: ['*'], output: 1 }],
      },
      total: { handler: 'sum', dependsOn: [...ids, 'flaky'] },
    },
  };
}

describe.skipIf(!canRunEmulators())('the command line, with --endpoint', () => {
  let stack: LocalStack;
  let cwd: string;
  let id: string;
  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'fanjoin-cli-endpoint-'));
    ({ stack } = await aLocalStack({ tumblingWindowSeconds: 5 }));
    for (const [name, value] of Object.entries(stack.environment)) vi.stubEnv(name, value);
    id = await start(stack, aGraph('looked-at'));
    await ended(stack, id);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await stack?.stop();
    rmSync(cwd, { recursive: true });
  });

  async function run(...args: string[]) {
    const io = aTestIo({ cwd });
    const code = await runCli([...args, '--endpoint', stack.url], io);
    return { code, stdout: io.stdout.text, stderr: io.stderr.text };
  }

  /** Which of these nodes ended last: on a busy machine it may be another than the one that waits longest. */
  async function endedLast(executionId: string, nodes: readonly string[]) {
    const { stdout } = await run('events', executionId, '--json');
    const events = stdout
      .trim()
      .split('\n')
      .flatMap((line) => {
        const event = ExecutionEvent.parse(JSON.parse(line));
        return event.type === 'NodeSucceeded' && nodes.includes(event.nodeId) ? [event] : [];
      });
    return events.toSorted((a, b) => a.atMs - b.atMs).at(-1)?.nodeId;
  }

  it('lists dead letters, and has them tried again', async () => {
    const none = await run('dead-letters', 'list');
    await stack.clients.sqs.send(
      new SendMessageCommand({
        QueueUrl: stack.queueUrls['Pool-default/UnsettledQueue'],
        MessageBody: JSON.stringify({
          ...{ v: 1, kind: 'node', executionId: id, run: 1, node: 'root', visit: 1, attempt: 1, queuedAtMs: 1 },
        }),
      }),
    );

    const listed = await run('dead-letters', 'list');
    const redriven = await run('dead-letters', 'redrive', '--pool', 'default', '--records', '--events');
    const empty = await run('dead-letters', 'list', '--json');
    const unasked = await run('dead-letters', 'redrive');

    expect(none).toEqual({ code: 0, stdout: '', stderr: 'There are no dead letters.\n' });
    expect(listed.stdout).toMatch(new RegExp(`\npool default  node ${id} root +1\n$`));
    expect(redriven.stdout).toBe('pool default: 1 tried again\nrecords: 0 tried again\nevents: 0 tried again\n');
    expect(JSON.parse(empty.stdout)).toEqual({ work: [], records: [], events: [] });
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('--pool NAME, --records or --events') });
  });

  it('lists what the stack ran, with filters and in pages', async () => {
    const second = await start(stack, aGraph('also-looked-at'));
    await ended(stack, second);

    const all = await run('list', '--since', '1h');
    const first = await run('list', '--limit', '1', '--json');
    const next = await run('list', '--limit', '1', '--json', '--after', JSON.parse(first.stdout).next);
    const none = await run('list', '--since', '2100-01-01', '--status', 'failed');

    expect(all.stdout).toMatch(new RegExp(`\n${second}  also-looked-at .*\n${id}  looked-at +SUCCEEDED `));
    expect(JSON.parse(first.stdout).executions[0].executionId).toBe(second);
    expect(JSON.parse(next.stdout).executions[0].executionId).toBe(id);
    expect(none.stderr).toMatch(/^There is no execution that is FAILED, that started since/);
  });

  it('follows events to the end, and prints the same history', async () => {
    const followed = await run('events', id, '--follow', '--json');
    const text = await run('history', id);

    const events = followed.stdout
      .trim()
      .split('\n')
      .map((line) => ExecutionEvent.parse(JSON.parse(line)));
    expect(events.at(-1)).toMatchObject({ type: 'ExecutionEnded', status: 'SUCCEEDED' });
    expect(events.filter(({ type }) => type === 'NodeRetryScheduled')).toHaveLength(1);
    expect(text.stdout.trim().split('\n')).toHaveLength(1 + events.length);
    expect(text.stdout).toMatch(/NodeSucceeded +flaky +2 {2}.*caught, Error: never works/);
  });

  it('draws a timeline, also of what still runs', async () => {
    const until = join(cwd, 'released');
    const nodes = {
      root: { handler: 'double', input: { n: 1 } },
      held: { handler: 'hold', input: { until }, dependsOn: ['root'] },
    };
    const running = await start(stack, { name: 'under-way', nodes });
    await waitFor(stack, running, ({ progress }) => progress.running.includes('held'));
    const slowest = await endedLast(id, ['branch0', 'branch1', 'branch2', 'flaky']);

    const now = await run('timeline', running);
    writeFileSync(until, '');
    const whole = await run('timeline', id);
    const page = await run('timeline', id, '--limit', '2');

    expect(now.stdout).toMatch(/^… {2}held .*░.*under way$/m);
    expect(whole.stdout).toMatch(/^✓◆ flaky +·*▒+╌+█+ .*×2 caught$/m);
    expect(whole.stdout).toMatch(new RegExp(`^critical path, .*: root → ${slowest} → total$`, 'm'));
    expect(page.stderr).toMatch(
      new RegExp(`^rows 1–2 of 6; next: fanjoin timeline ${id} --limit 2 --after \\S+ --endpoint ${stack.url}\n$`),
    );
    await ended(stack, running);
  });

  it('lists and shows checkpoints, and starts a new execution from one', async () => {
    const list = await run('checkpoint', 'list', id, '--json');
    const [first] = JSON.parse(list.stdout).checkpoints;
    const shown = await run('checkpoint', 'show', first.checkpointId);
    const detail = CheckpointDetail.parse(
      JSON.parse((await run('checkpoint', 'show', first.checkpointId, '--json')).stdout),
    );

    const resumed = await run('checkpoint', 'resume', first.checkpointId, '--json');

    expect(shown.stdout).toMatch(/^succeeded {3}root$/m);
    expect(shown.stdout).toContain(`starts a new execution from here`);
    expect(detail).toMatchObject({ executionId: id, isCurrent: false, reason: 'interval' });
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain(`(a new execution from ${first.checkpointId}, `);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ status: 'SUCCEEDED', output: (await ended(stack, id)).output });
    expect(JSON.parse(resumed.stdout).executionId).not.toBe(id);
  });

  it('sums up metrics once their window is over', { timeout: 60_000 }, async () => {
    await expect
      .poll(async () => (await run('metrics', 'looked-at')).stdout, { timeout: 50_000, interval: 500 })
      .toMatch(/^executions {2}\d ended: \d succeeded, none failed$/m);

    const { stdout } = await run('metrics', 'looked-at', '--json', '--since', '1h');
    expect(JSON.parse(stdout)).toMatchObject({ executionTimes: { count: expect.any(Number) } });
  });

  it.each([
    ['history', 'nobody-at-all'],
    ['timeline', 'nobody-at-all'],
    ['events', 'nobody-at-all', '--follow'],
    ['checkpoint', 'list', 'nobody-at-all'],
    ['checkpoint', 'show', 'nobody-at-all.1'],
  ])('%s %s exits with 3 and says where to look', async (...args) => {
    const { code, stderr } = await run(...args);

    expect(code).toBe(3);
    expect(stderr).toContain(`See what there is with: fanjoin list --endpoint ${stack.url}`);
  });

  it('says what the stack has against a checkpoint that is not there', async () => {
    const { code, stderr } = await run('checkpoint', 'show', `${id}.999`);

    expect(code).toBe(3);
    expect(stderr).toContain(`There is no checkpoint '${id}.999' here. Did you mean '${id}.`);
  });
});
