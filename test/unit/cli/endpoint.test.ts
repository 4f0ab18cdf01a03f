import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadHandlers } from '../../../cli/load-module.ts';
import { runCli } from '../../../cli/run-cli.ts';
import { toProblem } from '../../../functions/api/problem.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { LocalEngine } from '../../../shared/executor/local-engine.ts';
import { StartRequest } from '../../../shared/executor/start-request.ts';
import { HandlerRegistry } from '../../../shared/nodes/handler-registry.ts';
import { Logger } from '../../../shared/observability/logger.ts';
import { ROOT } from './cli-process.ts';
import { aTestIo, type TestIo } from './test-io.ts';
import { writeGatedWorkflow } from './workflow-files.ts';

const ORDERS = join(ROOT, 'examples/orders');
const order = (name: string): string => join(ORDERS, 'inputs', `${name}.json`);

let directory: string;
let engine: LocalEngine;
let server: Server;
let endpoint: string;

/** The stack's API over a local engine: as much of it as the command line uses. */
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'fanjoin-endpoint-'));
  const gated = writeGatedWorkflow(directory);
  const { default: workflow } = await import(gated);
  const handlers = new HandlerRegistry([...(await loadHandlers(join(ORDERS, 'handlers.ts'))), ...workflow.handlers]);
  engine = new LocalEngine({
    database: ':memory:',
    config: {},
    handlers,
    pools: {},
    clock: systemClock,
    logger: new Logger(),
    random: Math.random,
  });
  server = createServer((request, response) => {
    answer(request).then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => {
        const { statusCode = 500, body } = toProblem(error);
        response.writeHead(statusCode).end(body);
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await engine.close();
  rmSync(directory, { recursive: true });
});

async function answer(request: IncomingMessage): Promise<unknown> {
  const [, , id = '', action = ''] = (request.url ?? '').split('?')[0]?.split('/') ?? [];
  if (id === '') return engine.start(StartRequest.parse(await json(request)));
  switch (`${request.method} ${action}`) {
    case 'GET ':
      return engine.describe(id);
    case 'GET outcome':
      return engine.outcome(id);
    case 'GET results':
      return engine.results(id);
    case 'GET definition':
      return engine.definition(id);
    case 'GET billed-operations':
      return engine.billedOperations(id);
    case 'POST cancel':
      await engine.cancel(id);
      return engine.describe(id);
    case 'POST pause':
      await engine.pause(id);
      return engine.describe(id);
    case 'POST resume':
      await engine.resume(id);
      return engine.describe(id);
    default:
      throw new Error(`no route: ${request.method} ${request.url}`);
  }
}

async function cli(...args: readonly string[]): Promise<{ code: number; io: TestIo }> {
  const io = aTestIo({ cwd: directory });
  return { code: await runCli([...args, '--endpoint', endpoint], io), io };
}

it('run prints what it would print locally', async () => {
  const remote = await cli('run', ORDERS, '--input', order('shipped'));
  const local = aTestIo({ cwd: directory });
  const localCode = await runCli(['run', ORDERS, '--input', order('shipped'), '--database', ':memory:'], local);

  expect([remote.code, localCode]).toEqual([0, 0]);
  expect(remote.io.stdout.text).toBe(local.stdout.text);
  expect(remote.io.stderr.text).toMatch(/✓ validate .*\n[\s\S]*✓ order-fulfilment SUCCEEDED/);
});

it('start gives the id at once; describe, cancel and resume act on it there', async () => {
  const started = await cli('start', join(directory, 'gated.ts'));
  const id = started.io.stdout.text.trim();

  const described = await cli('describe', id, '--json');
  const cancelled = await cli('cancel', id);
  const printed = await cli('resume', id);

  expect(started.io.stderr.text).toBe('');
  expect(JSON.parse(described.io.stdout.text)).toMatchObject({ executionId: id, status: 'RUNNING' });
  expect([cancelled.code, cancelled.io.stdout.text]).toEqual([0, `${id} CANCELLED\n`]);
  expect(printed.code).toBe(1);
});

it('Ctrl-C leaves it to the stack, and resume follows it again', async () => {
  const io = aTestIo({ cwd: directory });
  const running = runCli(['run', join(directory, 'gated.ts'), '--id', 'mine', '--endpoint', endpoint], io);
  await expect.poll(() => io.stderr.text, { timeout: 10_000 }).toContain('✓ first');
  io.interrupt('SIGINT');
  const code = await running;
  writeFileSync(join(directory, 'gate'), '');

  const followed = await cli('resume', 'mine');

  expect(code).toBe(130);
  expect(io.stderr.text).toContain(
    `detached: mine goes on without you. Follow it with: fanjoin resume mine --endpoint ${endpoint}\n`,
  );
  expect(followed.code).toBe(0);
  expect(followed.io.stdout.text).toContain('"done": true');
});

it('resume goes on with a paused one', async () => {
  await cli('start', join(directory, 'gated.ts'), '--id', 'mine');
  await cli('pause', 'mine');
  writeFileSync(join(directory, 'gate'), '');

  const { code } = await cli('resume', 'mine');

  expect(code).toBe(0);
});

it('an id that the stack does not know is exit code 3', async () => {
  expect((await cli('describe', 'nobody')).code).toBe(3);
});
