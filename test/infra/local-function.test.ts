import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { LocalFunction, type LocalFunctionOptions } from '../../infra/local/local-function.ts';

const folder = mkdtempSync(join(tmpdir(), 'fanjoin-function-'));
const running: LocalFunction[] = [];
const lines: string[] = [];
let files = 0;

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  lines.length = 0;
});

afterAll(() => rmSync(folder, { recursive: true }));

function aFunction(source: string, overrides: Partial<LocalFunctionOptions> = {}): LocalFunction {
  const file = join(folder, `${files++}.mjs`);
  writeFileSync(file, source);
  const created = new LocalFunction({
    label: 'Tested',
    file,
    exportName: 'handler',
    functionName: 'Tested123',
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Tested123',
    memoryMb: 128,
    env: { GREETING: 'hello' },
    timeoutSeconds: 5,
    maxWorkers: 2,
    log: (line) => lines.push(line),
    ...overrides,
  });
  running.push(created);
  return created;
}

describe('a local function', () => {
  it('gives what its handler returns, as JSON does', async () => {
    const tested = aFunction(
      'export const handler = async (event) => ({ twice: event.n * 2, gone: undefined, at: new Date(0) });',
    );

    expect(await tested.invoke({ n: 21 })).toEqual({ ok: true, result: { twice: 42, at: '1970-01-01T00:00:00.000Z' } });
  });

  it('sees its own environment and nothing of ours', async () => {
    const tested = aFunction('export const handler = async () => ({ ...process.env });');

    expect(await tested.invoke({})).toEqual({ ok: true, result: { GREETING: 'hello' } });
  });

  it('knows how much time it has left', async () => {
    const tested = aFunction('export const handler = async (_event, context) => context.getRemainingTimeInMillis();');
    const { result } = succeeded(await tested.invoke({}));

    expect(result).toBeGreaterThan(3_000);
    expect(result).toBeLessThanOrEqual(5_000);
  });

  it('keeps an instance for the next invocation, and starts another for one beside it', async () => {
    const tested = aFunction(`
      let count = 0;
      export const handler = async ({ waitMs }) => { count++; await new Promise((done) => setTimeout(done, waitMs)); return count; };`);

    const oneAfterAnother = [await tested.invoke({ waitMs: 0 }), await tested.invoke({ waitMs: 0 })].map(
      (outcome) => succeeded(outcome).result,
    );
    const sideBySide = (await Promise.all([tested.invoke({ waitMs: 300 }), tested.invoke({ waitMs: 300 })])).map(
      (outcome) => succeeded(outcome).result,
    );

    expect(oneAfterAnother).toEqual([1, 2]);
    expect(sideBySide).toEqual([3, 1]);
  });

  it('says why its handler failed', async () => {
    const tested = aFunction("export const handler = async () => { throw new TypeError('no such thing'); };");

    expect(await tested.invoke({})).toMatchObject({
      ok: false,
      reason: expect.stringContaining('TypeError: no such thing'),
    });
  });

  it('is ended when it takes too long, even in a loop without end', async () => {
    const tested = aFunction('export const handler = async ({ loop }) => { while (loop); return "fine"; };', {
      timeoutSeconds: 1,
    });

    expect(await tested.invoke({ loop: true })).toMatchObject({ ok: false, reason: 'Task timed out after 1 seconds' });
    expect(await tested.invoke({ loop: false })).toEqual({ ok: true, result: 'fine' });
  });

  it('is started anew after a crash', async () => {
    const tested = aFunction(
      'export const handler = async ({ code }) => { if (code) process.exit(code); return "fine"; };',
    );

    expect(await tested.invoke({ code: 3 })).toMatchObject({ ok: false, reason: 'the function exited with code 3' });
    expect(await tested.invoke({})).toEqual({ ok: true, result: 'fine' });
  });

  it('fails, and says so, when its bundle cannot be loaded', async () => {
    const tested = aFunction("throw new Error('TABLE_NAME is missing');");

    expect(await tested.invoke({})).toMatchObject({
      ok: false,
      reason: expect.stringContaining('TABLE_NAME is missing'),
    });
  });

  it('can be killed in the middle of an invocation, and only then', async () => {
    const tested = aFunction('export const handler = () => new Promise(() => setInterval(() => {}, 1000));');
    expect(tested.killBusyWorker()).toBe(false);

    const invocation = tested.invoke({});
    await expect.poll(() => tested.killBusyWorker()).toBe(true);

    expect(await invocation).toMatchObject({ ok: false, reason: 'the worker was killed' });
  });

  it('has its output forwarded by the line', async () => {
    const tested = aFunction(
      "export const handler = async () => { console.log('one\\ntwo'); console.error('three'); };",
    );

    await tested.invoke({});

    await expect.poll(() => lines.toSorted()).toEqual(['one', 'three', 'two']);
  });

  it('lets invocations beyond its instances wait', async () => {
    const tested = aFunction(
      'export const handler = () => new Promise((done) => setTimeout(() => done("done"), 50));',
      { maxWorkers: 1 },
    );

    const outcomes = await Promise.all([1, 2, 3].map(() => tested.invoke({})));

    expect(outcomes).toEqual(Array(3).fill({ ok: true, result: 'done' }));
    expect(tested.invocations).toBe(3);
  });
});

describe('what Lambda does to an instance', () => {
  it('lets it stand still between invocations: a timer that was left goes on with the next', async () => {
    const tested = aFunction(`
      let ticks = 0;
      setInterval(() => ticks++, 1);
      export const handler = async ({ waitMs }) => {
        const found = ticks;
        await new Promise((done) => setTimeout(done, waitMs));
        return { found, left: ticks };
      };`);
    const invoke = async (waitMs: number) =>
      z.object({ found: z.number(), left: z.number() }).parse(succeeded(await tested.invoke({ waitMs })).result);
    const first = await invoke(50);

    // Nothing tells that a thread stands still but that nothing happens in it.
    await delay(200);
    const second = await invoke(0);

    expect(first.left).toBeGreaterThan(1);
    // At once one that was due, and what came before it stood still.
    expect(second.found - first.left).toBeLessThan(10);
  });

  it('has its output before it stands still', async () => {
    const tested = aFunction('export const handler = async () => { for (let n = 0; n < 50; n++) console.log(n); };');

    await tested.invoke({});

    await expect.poll(() => lines).toHaveLength(50);
  });

  it('takes no event and no result that are too large', async () => {
    const tested = aFunction("export const handler = async ({ length }) => 'x'.repeat(length);");
    const quotes = 2;

    expect(await tested.invoke({ length: 6_291_556 - quotes })).toMatchObject({ ok: true });
    expect(await tested.invoke({ length: 6_291_556 })).toMatchObject({
      ok: false,
      reason: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
    });
    expect(await tested.invoke('x'.repeat(6_291_556))).toMatchObject({
      ok: false,
      reason: 'Request must be smaller than 6291556 bytes',
    });
  });

  it('throttles it beyond its reserved concurrency, without invoking it', async () => {
    const tested = aFunction(
      'export const handler = () => new Promise((done) => setTimeout(() => done("done"), 50));',
      {
        reservedConcurrency: 1,
      },
    );

    const outcomes = await Promise.all([tested.invoke({}), tested.invoke({})]);

    expect(outcomes).toEqual([
      { ok: true, result: 'done' },
      { ok: false, isThrottled: true, reason: 'Rate Exceeded.' },
    ]);
    expect(tested.status).toMatchObject({ invocations: 1, throttles: 1, mostRunning: 1, errors: 0 });
  });

  it('kills it in the middle of an invocation that is to crash, and notes why it failed', async () => {
    const tested = aFunction('export const handler = () => new Promise(() => setInterval(() => {}, 1000));');

    const outcome = await tested.invoke({}, { crashAfterMs: 20 });

    expect(outcome).toMatchObject({ ok: false, reason: 'the worker was killed' });
    expect(tested.status).toMatchObject({
      ...{ invocations: 1, errors: 1, running: 0 },
      failures: [{ message: 'the worker was killed' }],
    });
  });
});

function succeeded(outcome: Awaited<ReturnType<LocalFunction['invoke']>>) {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome;
}
