import { createServer, request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { startAdminServer } from '../../infra/local/admin-server.ts';
import { fetchStatus } from '../../infra/local/fetch-status.ts';
import { RuleActivity } from '../../infra/local/rule-activity.ts';
import type { StackStatus } from '../../infra/local/stack-status.ts';
import { statusPage } from '../../infra/local/status-page.ts';
import { statusText } from '../../infra/local/status-text.ts';

const AT_MS = Date.UTC(2030, 0, 1, 12);

const aStatus = (overrides: Partial<StackStatus> = {}): StackStatus => ({
  ...{ startedAtMs: AT_MS - 90_000, atMs: AT_MS, seed: 7 },
  queues: [
    { name: 'Pool-default/Queue', deadLettersOf: [], visible: 3, inFlight: 2, delayed: 1 },
    {
      name: 'Pool-default/DeadLetterQueue',
      deadLettersOf: ['Pool-default/Queue'],
      visible: 4,
      inFlight: 0,
      delayed: 0,
    },
  ],
  streams: [{ name: 'Scheduler', iteratorAgeMs: 1_500, waiting: 5, settled: 10, givenUp: 1, filtered: 20 }],
  functions: [
    {
      ...{
        name: 'NodeRunner',
        invocations: 9,
        errors: 2,
        throttles: 1,
        running: 1,
        mostRunning: 4,
        p50Ms: 12.4,
        p99Ms: 1_234,
      },
      failures: [
        { atMs: AT_MS - 2_000, message: 'Error: an older one\n    at x.ts:1' },
        { atMs: AT_MS - 1_000, message: 'Error: <b>a newer one</b>' },
      ],
    },
  ],
  rules: [
    { name: 'Nightly', on: 'rate(1 day)', isEnabled: true, matched: 2, lastAtMs: AT_MS - 60_000 },
    { name: 'Off', on: '{"source":["x"]}', isEnabled: false, matched: 0 },
  ],
  ...overrides,
});

describe('what a stack is at', () => {
  it('is shown in a terminal, the last error first', () => {
    expect(statusText(aStatus())).toBe(`The local stack at 12:00:00.000, 90.0 s after its start, with the seed 7

Functions
  function    invocations  running  most at once  errors  throttles  p50    p99
  NodeRunner  9            1        4             2       1          12 ms  1.2 s

Queues
  queue                         visible  in flight  delayed  dead letters of
  Pool-default/Queue            3        2          1
  Pool-default/DeadLetterQueue  4        0          0        Pool-default/Queue

Streams
  feeds      iterator age  waiting  settled  given up  filtered out
  Scheduler  1.5 s         5        10       1         20

Rules and schedules
  rule     on                     events  last
  Nightly  rate(1 day)            2       11:59:00.000
  Off      off: {"source":["x"]}  0

Last errors
  at            function    error
  11:59:59.000  NodeRunner  Error: <b>a newer one</b>
  11:59:58.000  NodeRunner  Error: an older one`);
  });

  it('says where there is nothing to show', () => {
    const text = statusText(aStatus({ functions: [], queues: [], streams: [], rules: [] }));

    expect(text).toContain('Rules and schedules\n  There is no rule.');
    expect(text).toContain('Last errors\n  No invocation has failed.');
  });

  it('is shown on a page, where nothing that was thrown becomes markup', () => {
    const page = statusPage(aStatus());

    expect(page).toContain('<td>Error: &lt;b&gt;a newer one&lt;/b&gt;</td>');
    expect(page).toContain('<td>{&quot;source&quot;:[&quot;x&quot;]}</td>'.replace('<td>', '<td>off: '));
    expect(page).not.toContain('<b>');
  });
});

describe('the server that shows it', () => {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  async function aServer(port = 0) {
    const server = await startAdminServer({ readStatus: async () => aStatus(), port });
    stops.push(() => server.stop());
    return server.endpoint;
  }

  it('gives it to the command, and as a page', async () => {
    const url = await aServer();

    expect(await fetchStatus(url)).toEqual(aStatus());
    const page = await fetch(url);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('<h1>The local stack at');
  });

  it('shows nothing to a page of another site, and takes nothing', async () => {
    const url = new URL(await aServer());
    const asked = await new Promise<number | undefined>((resolve) => {
      request({ hostname: url.hostname, port: url.port, headers: { host: 'attacker.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });

    expect(asked).toBe(403);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    expect((await fetch(new URL('/else', url))).status).toBe(404);
    expect((await fetch(url)).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('takes a free port where the one it was given is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    stops.push(() => new Promise((resolve) => taken.close(resolve)));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;

    const url = await aServer(port);

    expect(new URL(url).port).not.toBe(String(port));
    expect((await fetchStatus(url)).seed).toBe(7);
  });

  it('is told from nothing, and from what is no stack', async () => {
    await expect(fetchStatus('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'STACK_UNREACHABLE' });
    await expect(fetchStatus('nowhere')).rejects.toThrow(/npm run local.*--admin/);
  });
});

describe('what rules do', () => {
  it('is counted once for an event, however many targets it goes to', async () => {
    const activity = new RuleActivity();
    const went: string[] = [];
    const targets = activity.watch({ name: 'R', on: 'rate(1 minute)', isEnabled: true }, [
      async () => void went.push('first'),
      async () => void went.push('second'),
    ]);
    const event = {
      version: '0',
      id: '1',
      'detail-type': 'T',
      source: 's',
      account: '',
      time: '',
      region: '',
    } as const;

    for (const target of targets) await target({ ...event, resources: [], detail: {} }, new AbortController().signal);

    expect(went).toEqual(['first', 'second']);
    expect(activity.status).toEqual([
      { name: 'R', on: 'rate(1 minute)', isEnabled: true, matched: 1, lastAtMs: expect.any(Number) },
    ]);
  });
});
