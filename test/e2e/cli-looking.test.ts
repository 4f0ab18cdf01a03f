import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { displayWidth } from '../../cli/display-width.ts';
import { WorkflowGraph } from '../../cli/graph/workflow-graph.ts';
import { runCli } from '../../cli/run-cli.ts';
import { CheckpointDetail } from '../../shared/executor/checkpoints.ts';
import { ExecutionsPage } from '../../shared/executor/listing.ts';
import { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import { WorkflowMetrics } from '../../shared/observability/tally.ts';
import { CliSandbox, MAIN, ROOT } from '../unit/cli/cli-process.ts';
import { aTestIo } from '../unit/cli/test-io.ts';
import { writeGatedWorkflow } from '../unit/cli/workflow-files.ts';

const ORDERS = join(ROOT, 'examples/orders');
const linesOf = (text: string): string[] => text.trimEnd().split('\n');

describe('of executions that have ended', () => {
  let sandbox: CliSandbox;

  beforeAll(async () => {
    sandbox = new CliSandbox();
    for (const order of ['shipped', 'gateway-busy', 'invalid']) {
      await sandbox.run([
        'run',
        ORDERS,
        '--input',
        join(ORDERS, `inputs/${order}.json`),
        '--id',
        `order-${order}`,
        '-q',
      ]);
    }
    await sandbox.run(['run', join(ROOT, 'examples/poll'), '--id', 'a-poll', '-q']);
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  /** In this process: it only looks, and there is much to look at. */
  const run = async (...args: string[]) => {
    const io = aTestIo({ cwd: sandbox.directory });
    const code = await runCli(args, io);
    return { code, stdout: io.stdout.text, stderr: io.stderr.text };
  };
  const idsOf = (json: string) =>
    ExecutionsPage.parse(JSON.parse(json)).executions.map(({ executionId }) => executionId);

  it('list has the latest first, with how each stands', async () => {
    const { code, stdout, stderr } = await run('list');

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(linesOf(stdout)[0]).toMatch(/^EXECUTION {11}WORKFLOW {10}STATUS {5}STARTED +DURATION$/);
    expect(linesOf(stdout).map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
      ['EXECUTION', 'WORKFLOW', 'STATUS'],
      ['a-poll', 'poll-until-done', 'SUCCEEDED'],
      ['order-invalid', 'order-fulfilment', 'FAILED'],
      ['order-gateway-busy', 'order-fulfilment', 'SUCCEEDED'],
      ['order-shipped', 'order-fulfilment', 'SUCCEEDED'],
    ]);
  });

  it('list takes filters', async () => {
    const failed = await run('list', '--status', 'failed', '--json');
    const orders = await run('list', '-w', 'order-fulfilment', '--since', '1h', '--json');
    const later = await run('list', '--since', '2100-01-01', '--json');

    expect(idsOf(failed.stdout)).toEqual(['order-invalid']);
    expect(idsOf(orders.stdout)).toEqual(['order-invalid', 'order-gateway-busy', 'order-shipped']);
    expect(JSON.parse(later.stdout)).toEqual({ executions: [] });
  });

  it('list comes in pages; the command it prints shows the next one', async () => {
    const first = await run(
      'list',
      '--limit',
      '3',
      '--workflow',
      'order-fulfilment',
      '--status',
      'succeeded',
      '-n',
      '1',
    );
    const [, command = ''] = /more: fanjoin (.*)/.exec(first.stderr) ?? [];
    const next = await run(...command.split(' ').map((word) => word.replaceAll("'", '')));

    expect(linesOf(first.stdout)[1]).toMatch(/^order-gateway-busy /);
    expect(command).toMatch(/^list --workflow order-fulfilment --status SUCCEEDED --limit 1 --after '\d+#/);
    expect(linesOf(next.stdout)[1]).toMatch(/^order-shipped /);
  });

  it('list of nothing says what to do, and what may have been meant', async () => {
    const none = await run('list', '-w', 'order-fulfillment');
    const elsewhere = await run('list', '--database', 'none.db');

    expect(none).toMatchObject({ code: 0, stdout: '' });
    expect(none.stderr).toBe(
      "There is no execution of 'order-fulfillment'. Did you mean 'order-fulfilment'? See all with: fanjoin list\n",
    );
    expect(elsewhere).toMatchObject({ code: 3, stdout: '' });
    expect(elsewhere.stderr).toContain("There is no database 'none.db'. Check the path, or make it with: fanjoin run");
    expect(existsSync(sandbox.path('none.db'))).toBe(false);
  });

  it('history is a line for each event, and with --json a line of JSON', async () => {
    const text = await run('history', 'order-gateway-busy');
    const json = await run('history', 'order-gateway-busy', '--json');

    const events = linesOf(json.stdout).map((line) => ExecutionEvent.parse(JSON.parse(line)));
    expect(events.map(({ type }) => type)).toEqual(
      linesOf(text.stdout)
        .slice(1)
        .map((line) => line.trim().split(/ {2,}/)[1]),
    );
    expect(text.stdout).toMatch(/^ +0\.\d{3} s {2}NodeRetryScheduled {2}charge +1 {2}again in 1\.0 s, GatewayBusy: /m);
    expect(text.stdout).toMatch(/ExecutionEnded +SUCCEEDED after [\d.]+ s\n$/);
    expect(text.stderr).toBe('');
  });

  it('history goes on where a page ended, its times still counted from the start', async () => {
    const whole = await run('history', 'order-gateway-busy');
    const first = await run('history', 'order-gateway-busy', '--limit', '4');
    const [, after = ''] = /more: fanjoin history order-gateway-busy --limit 4 --after (\S+)/.exec(first.stderr) ?? [];
    const rest = await run('history', 'order-gateway-busy', '--after', after);

    const rows = (text: string) =>
      linesOf(text)
        .slice(1)
        .map((line) => line.trim().replace(/ +/g, ' '));
    expect([...rows(first.stdout), ...rows(rest.stdout)]).toEqual(rows(whole.stdout));
    expect(rows(first.stdout)).toHaveLength(4);
  });

  it('timeline is 80 columns wide where there is no terminal, and has a row for each visit', async () => {
    const { code, stdout } = await run('timeline', 'order-gateway-busy');
    const loop = await run('timeline', 'a-poll');

    expect(code).toBe(0);
    for (const line of linesOf(stdout)) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/^✓◆ charge {4,}·*▒+╌+█+ +\d+\.\d s {2}×2$/m);
    expect(stdout).toMatch(/^critical path, \d+\.\d s: validate → charge → ship → outcome$/m);
    expect(stdout).not.toContain('\u001b');
    expect(loop.stdout).toMatch(/^✓ {2}poll #2 /m);
  });

  it('timeline comes in pages; the command it prints shows the next one', async () => {
    const rows: string[] = [];
    let args = ['timeline', 'order-gateway-busy', '--limit', '3'];
    for (let pages = 0; args.length > 0 && pages < 5; pages++) {
      const { stdout, stderr } = await run(...args);
      rows.push(...linesOf(stdout).flatMap((line) => /^[✓✗–…][ ◆] (\w+)/.exec(line)?.[1] ?? []));
      args = /next: fanjoin (.*)/.exec(stderr)?.[1]?.split(' ') ?? [];
    }
    const json = JSON.parse((await run('timeline', 'order-gateway-busy', '--json')).stdout);

    expect(rows).toHaveLength(7);
    expect(json.rows.map(({ nodeId }: { nodeId: string }) => nodeId)).toEqual(rows);
    expect(json).toMatchObject({ status: 'SUCCEEDED', run: 1, total: 7, before: 0 });
    expect(json.rows.find(({ nodeId }: { nodeId: string }) => nodeId === 'charge')).toMatchObject({
      isCritical: true,
      attempts: 2,
    });
  });

  it('events are what there is, and following one that has ended is over at once', async () => {
    const history = await run('history', 'order-shipped');
    const events = await run('events', 'order-shipped');
    const followed = await run('events', 'order-shipped', '-f');

    expect(events).toMatchObject({ code: 0, stdout: history.stdout });
    expect(followed.code).toBe(0);
    expect(linesOf(followed.stdout)).toHaveLength(linesOf(history.stdout).length);
  });

  it('metrics have totals, durations and the nodes by the time they took', async () => {
    const { stdout } = await run('metrics', 'order-fulfilment');
    const json = await run('metrics', 'order-fulfilment', '--json');
    const unknown = await run('metrics', 'order-fulfillment');
    const recent = await run('metrics', 'order-fulfilment', '--since', '2100-01-01');

    expect(stdout).toMatch(/^executions {2}3 ended: 2 succeeded, 1 did not\nsuccess {5}67 %\nduration {4}mean .*p95/m);
    expect(WorkflowMetrics.parse(JSON.parse(json.stdout))).toMatchObject({
      totalExecutions: 3,
      executionTimes: { count: 3 },
      nodeExecutionTimes: { charge: { count: 2 } },
    });
    expect(unknown).toMatchObject({ code: 0, stdout: '' });
    expect(unknown.stderr).toContain("Did you mean 'order-fulfilment'?");
    expect(recent.stderr).toMatch(/^No execution of 'order-fulfilment' has ended since/);
  });

  it('what a reader does not want to the end is no error', () => {
    const quoted = [process.execPath, MAIN].map((path) => `'${path}'`).join(' ');
    for (const command of ['history order-shipped', 'list', 'timeline order-shipped', 'history order-shipped --json']) {
      const script = `set -o pipefail; ${quoted} ${command} | head -c 1`;
      const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
        cwd: sandbox.directory,
        encoding: 'utf8',
      });
      expect({ command, status, length: stdout.length, stderr }).toEqual({ command, status: 0, length: 1, stderr: '' });
    }
  });

  it.each([
    [3, ['history', 'order-shiped'], "Did you mean 'order-shipped'? See what there is with: fanjoin list"],
    [
      3,
      ['timeline', 'nobody-at-all'],
      "There is no execution 'nobody-at-all' here. See what there is with: fanjoin list",
    ],
    [3, ['events', 'nobody-at-all', '-f'], 'There is no execution'],
    [3, ['describe', 'ORDER-SHIPPED'], "Did you mean 'order-shipped'?"],
    [3, ['checkpoint', 'list', 'order-shippd'], "Did you mean 'order-shipped'?"],
    [3, ['checkpoint', 'show', 'order-shipped.1'], 'See what there is with: fanjoin checkpoint list order-shipped'],
    [3, ['checkpoint', 'show', 'nope'], "There is no checkpoint 'nope' here. See what there is with: fanjoin list"],
    [3, ['checkpoint', 'show', 'nobody-at-all.1'], "There is no execution 'nobody-at-all' here"],
    [3, ['checkpoint', 'resume', 'order-shipped.1'], 'There is no checkpoint'],
    [2, ['list', '--status', 'faild'], "Did you mean 'FAILED'? It is one of RUNNING, PAUSED"],
    [2, ['list', '--since', 'yesterday'], 'Give an age, as in 30m'],
    [2, ['list', '--limit', '0'], 'Give a whole number from 1 to 1,000'],
    [2, ['list', '--after', 'x'], "is not the 'next' of a page"],
    [2, ['history', 'order-shipped', '--after', 'x'], 'is no place in a history'],
    [2, ['timeline', 'order-shipped', '--after', 'x'], "--after takes what the page before said, not 'x'"],
    [2, ['timeline', 'order-shipped', '--run', '2'], "'order-shipped' has no run 2: its latest is run 1"],
    [2, ['graph', ORDERS, '--format', 'png'], 'Allowed choices are mermaid, svg, json'],
    [2, ['lst'], 'Did you mean list?'],
    [2, ['list', '--statsu', 'failed'], 'Did you mean --status?'],
  ])('exits with %i: %j', async (expected, args, message) => {
    const { code, stdout, stderr } = await run(...args);

    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('each command has its help, with an example', async () => {
    for (const command of [
      'list',
      'history',
      'timeline',
      'events',
      'metrics',
      'graph',
      'checkpoint list',
      'checkpoint show',
    ]) {
      const { code, stdout } = await run(...command.split(' '), '--help');
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples:\n  fanjoin ${command}\\b`));
    }
  });
});

describe('of an execution under way', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());
  const openGate = (): void => writeFileSync(sandbox.path('gate'), '');
  const started = async (...options: string[]) => {
    const running = sandbox.start(['run', writeGatedWorkflow(sandbox.directory), '--id', 'live', ...options]);
    await running.untilStderr('✓ first');
    return running;
  };

  it('events -f tells what happens as it does, until the end', async () => {
    const running = await started();
    const following = sandbox.start(['events', 'live', '-f']);
    await following.untilStdout('first');
    openGate();

    const { code, stdout, stderr } = await following.finished;

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(linesOf(stdout).map((line) => line.trim().split(/ {2,}/).slice(1, 3).join(' '))).toEqual([
      'EVENT NODE',
      'ExecutionStarted gated',
      'NodeSucceeded first',
      'NodeSucceeded gated',
      'NodeSucceeded last',
      expect.stringMatching(/^ExecutionEnded SUCCEEDED/),
    ]);
    expect((await running.finished).code).toBe(0);
  });

  it('Ctrl-C ends the watching with 130, and nothing else', async () => {
    const running = await started();
    const following = sandbox.start(['events', 'live', '--follow', '--json']);
    await following.untilStdout('"first"');

    following.kill('SIGINT');
    const { code, stdout, stderr } = await following.finished;
    openGate();

    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    for (const line of linesOf(stdout)) ExecutionEvent.parse(JSON.parse(line));
    expect((await running.finished).code).toBe(0);
  });

  it('list, history and timeline show how far it is', async () => {
    const running = await started();

    const list = await sandbox.run(['list']);
    const history = await sandbox.run(['history', 'live']);
    const timeline = await sandbox.run(['timeline', 'live']);

    expect(list.stdout).toMatch(/^live {7}gated +RUNNING +.* so far$/m);
    expect(history.stderr).toBe('so far; go on with: fanjoin events live --follow\n');
    expect(timeline.stdout).toMatch(/^gated live RUNNING for /);
    expect(timeline.stdout).toMatch(/^… {2}gated +░+ .*under way$/m);
    openGate();
    await running.finished;
  });

  it('a checkpoint of a pause is listed, shown, and gone on from', async () => {
    const running = await started();
    await sandbox.run(['pause', 'live']);
    const [, id = ''] = /(live\.\d+)/.exec((await sandbox.run(['checkpoint', 'list', 'live'])).stdout) ?? [];
    const shown = await sandbox.run(['checkpoint', 'show', id]);
    openGate();
    await running.finished;

    // The execution has gone on since: a new one begins.
    const fork = await sandbox.run(['checkpoint', 'resume', id]);
    const ids = JSON.parse((await sandbox.run(['checkpoint', 'list', 'live', '--json'])).stdout);
    const latest = ids.checkpoints.at(-1).checkpointId;
    const detail = CheckpointDetail.parse(
      JSON.parse((await sandbox.run(['checkpoint', 'show', latest, '--json'])).stdout),
    );
    const same = await sandbox.run(['checkpoint', 'resume', latest]);

    expect(shown.stdout).toMatch(
      /^succeeded {3}first\nin flight {3}gated\nnext {8}fanjoin checkpoint resume live\.\d+ goes on with the execution/m,
    );
    expect(fork.code).toBe(0);
    expect(fork.stderr).toMatch(
      new RegExp(`^gated [0-9A-Z]{26} \\(a new execution from ${id}, 1 of 3 nodes stand\\)\n✓ gated`),
    );
    expect(detail).toMatchObject({ isCurrent: true, ended: { succeeded: ['first', 'gated'] } });
    expect(same.code).toBe(0);
    expect(same.stderr).toMatch(/^gated live \(goes on; .*2 of 3 nodes stand\)\n✓ last/);
    expect(same.stdout).toBe(fork.stdout);
    const ran = readFileSync(sandbox.path('ran'), 'utf8').trim().split('\n');
    expect(ran).toEqual(['first', 'gated', 'gated', 'last', 'last']);
    expect((await sandbox.run(['list'])).stdout).toMatch(/^[0-9A-Z]{26} +gated +SUCCEEDED/m);
  });
});

describe('graph', () => {
  it('draws as Mermaid, SVG or JSON, on stdout or into a file', async () => {
    await using sandbox = new CliSandbox();

    const mermaid = await sandbox.run(['graph', ORDERS]);
    const svg = await sandbox.run(['graph', ORDERS, '--format', 'svg']);
    const saved = await sandbox.run(['graph', ORDERS, '-f', 'svg', '--output', 'orders.svg']);
    const json = await sandbox.run(['graph', ORDERS, '--format', 'json']);
    const refused = await sandbox.run(['graph', ORDERS, '--output', 'no-such-folder/x.mmd']);

    expect(mermaid.stdout).toMatch(/^flowchart TD\n/);
    expect(svg.stdout).toMatch(/^<svg role="img"[\s\S]*<title>validate&#45;&gt;charge<\/title>[\s\S]*<\/svg>\n$/);
    expect(saved).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(sandbox.path('orders.svg'), 'utf8')).toBe(svg.stdout);
    expect(WorkflowGraph.parse(JSON.parse(json.stdout))).toMatchObject({ workflow: 'order-fulfilment' });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });

  it('of more nodes than can be drawn says what to do instead', async () => {
    await using sandbox = new CliSandbox();
    const nodes = Object.fromEntries(Array.from({ length: 5_001 }, (_, index) => [`n${index}`, { handler: 'x' }]));
    writeFileSync(sandbox.path('large.json'), JSON.stringify({ name: 'large', nodes }));

    const { code, stderr } = await sandbox.run(['graph', 'large.json', '--format', 'svg']);

    expect(code).toBe(2);
    expect(stderr).toContain('at most 5,000 are drawn as SVG. --format json has them all.');
  });
});
