import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { secretVariable } from '../../shared/adapters/local/local-secrets.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import type { ExecutionEvent } from '../../shared/observability/execution-event.ts';
import { addReactor } from '../support/add-reactor.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { digestOf, handlers } from '../support/canary-handlers.ts';
import { canariesIn, everythingKept } from '../support/canary-search.ts';
import { CANARIES, canaryGlobals, canaryWorkflow, failingWorkflow } from '../support/canary-workflow.ts';
import { aLocalStack, request } from '../support/local-stack.ts';
import { type Collector, startCollector } from '../support/otlp-collector.ts';
import { CliSandbox, ROOT } from '../unit/cli/cli-process.ts';

const HANDLERS = join(ROOT, 'test/support/canary-handlers.ts');
/** What looks like a reference and is data: it is the input of the workflow. */
const FORGED = { $secret: 'canary-one' };

let sandbox: CliSandbox;
let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector?.[Symbol.asyncDispose]());
beforeEach(() => {
  sandbox = new CliSandbox();
  writeFileSync(sandbox.path('workflow.json'), JSON.stringify(canaryWorkflow));
  writeFileSync(sandbox.path('failing.json'), JSON.stringify(failingWorkflow));
});
afterEach(() => sandbox[Symbol.asyncDispose]());

/** Runs both workflows, the first one twice so that the second is answered from the cache; gives all that can be asked of them. */
async function runThem(executor: WorkflowExecutor) {
  const told: unknown[] = [];
  const tell = (...heard: unknown[]) => void told.push(heard);
  executor.callbacks.addHandler({
    onWorkflowStart: tell,
    onNodeStart: tell,
    onNodeComplete: tell,
    onWorkflowComplete: tell,
    onError: tell,
  });
  const ran = await executor.execute(canaryWorkflow, FORGED, { globals: canaryGlobals, tags: { of: 'canaries' } });
  const cached = await executor.execute(canaryWorkflow, FORGED, { globals: canaryGlobals });
  const failed = await executor.execute(failingWorkflow, null);
  for (const { executionId } of [ran, cached, failed]) {
    const handle = executor.get(executionId);
    const events: ExecutionEvent[] = [];
    for await (const event of handle.events()) events.push(event);
    told.push(events, await handle.describe(), await handle.checkpoints(), await handle.results({ withOutputs: true }));
  }
  told.push(ran, cached, failed, executor.executionHistory, await executor.list(), await executor.metrics('canaries'));
  const { results } = await executor.get(ran.executionId).results({ withOutputs: true });
  return { told, results, ran, cached, failed };
}

/** What shows that the handlers had the values, and that what they let out was there before it was taken out. */
function expectUsed({ told, results, ran, cached, failed }: Awaited<ReturnType<typeof runThem>>): void {
  const values = { one: CANARIES['canary-one'], two: CANARIES['canary-two'], three: CANARIES['canary-three'] };
  const text = JSON.stringify(told);
  const outcomeOf = (node: string) => results.find(({ nodeId }) => nodeId === node);
  expect(ran).toMatchObject({ status: 'SUCCEEDED', output: 'ended' });
  expect(cached.cachedFrom).toBe(ran.executionId);
  expect(outcomeOf('uses')?.output).toEqual({
    token: digestOf(values.one),
    deep: [digestOf(values.two), digestOf(JSON.stringify(FORGED))],
    globals: digestOf(JSON.stringify({ tenant: 'acme', key: values.three, nested: { keys: [values.two] } })),
  });
  expect(failed.error?.message).toContain('"token":"[secret canary-three]"');
  expect(text).toContain('item 1 with [secret canary-two]');
  for (const node of ['returns', 'returnsKey', 'returnsEncoded', 'intoTransform'])
    expect(outcomeOf(node)?.error, node).toMatchObject({ code: 'SECRET_IN_OUTPUT' });
  expect(outcomeOf('intoItems')?.error?.message).toContain("hold the secret 'canary-two' at [0]");
  expect(outcomeOf('intoText')?.error).toMatchObject({ code: 'EXPRESSION_FAILED' });
  expect(text.match(/\[secret canary-one\]/g)?.length).toBeGreaterThan(10);
}

/** Waits for the spans of what ran, so that all of them can be searched. */
async function expectTraced({ ran }: Awaited<ReturnType<typeof runThem>>): Promise<void> {
  const names = () => collector.spans.filter(({ traceId }) => traceId === ran.traceId).map(({ name }) => name);
  await expect.poll(names, { timeout: 20_000 }).toEqual(expect.arrayContaining(['execution', 'node_throws']));
}

/** Runs and describes both workflows by the command line; gives all it printed. */
async function runByCommand(place: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const printed: string[] = [];
  for (const [file, id] of [
    ['workflow.json', 'by-command'],
    ['failing.json', 'failing-by-command'],
  ] as const) {
    for (const args of [
      ['run', file, '--handlers', HANDLERS, '--input', JSON.stringify(FORGED), '--id', id, '--verbose'],
      ['describe', id],
      ['describe', id, '--json'],
    ]) {
      const { stdout, stderr } = await sandbox.run([...args, ...place], { env });
      printed.push(stdout, stderr);
    }
  }
  return printed.join('\n');
}

it.each(Object.entries(CANARIES))('the search finds %s, as it is and encoded', (name, value) => {
  const texts = [
    value,
    JSON.stringify({ value }),
    encodeURIComponent(value),
    Buffer.from(`user:${value}`).toString('base64'),
    value.slice(0, 12),
  ];

  const found = texts.map((text) => canariesIn('a text', `before ${text} behind`).length);

  expect(
    found.every((count) => count > 0),
    `${name}: ${found}`,
  ).toBe(true);
  expect(canariesIn('a text', 'nothing [secret canary-one] in it')).toEqual([]);
});

describe('on the local twin, no canary', () => {
  const env = Object.fromEntries(Object.entries(CANARIES).map(([name, value]) => [secretVariable(name), value]));

  it('is in what callbacks, results, histories, traces and metrics tell, or in the file', async () => {
    const database = sandbox.path('executions.db');
    const tracing = { exporter: new OTLPTraceExporter({ url: `${collector.url}/v1/traces` }) };
    await using executor = new WorkflowExecutor({ database, handlers, secrets: CANARIES, logLevel: 'error', tracing });

    const ran = await runThem(executor);
    await expectTraced(ran);
    await executor.close();

    expectUsed(ran);
    expect(canariesIn('the traces', collector.bodies.join('\n'))).toEqual([]);
    expect(canariesIn('what was told', JSON.stringify(ran.told))).toEqual([]);
    const files = readdirSync(sandbox.directory).filter((file) => file.startsWith('executions.db'));
    expect(files.length).toBeGreaterThan(0);
    expect(files.flatMap((file) => canariesIn(file, readFileSync(sandbox.path(file))))).toEqual([]);
  });

  it('is in what the command line prints and its handlers log, or in its file', async () => {
    const printed = await runByCommand([], env);

    expect(printed).toContain('message [secret canary-one]');
    expect(printed).toContain('ended');
    expect(printed).toContain('canary-fails');
    expect(canariesIn('what was printed', printed)).toEqual([]);
    const files = readdirSync(sandbox.path('.fanjoin'));
    expect(files).toContain('fanjoin.db');
    expect(files.flatMap((file) => canariesIn(file, readFileSync(sandbox.path('.fanjoin', file))))).toEqual([]);
  });
});

describe.skipIf(!canRunEmulators())('on the functions, no canary', () => {
  let stack: LocalStack;
  let lines: string[];
  beforeAll(async () => {
    const newSecrets = [...Object.keys(CANARIES), 'without-value'];
    const tracing = { otlpEndpoint: collector.url };
    ({ stack, lines } = await aLocalStack({
      ...{ handlersEntry: HANDLERS, newSecrets, secretValues: CANARIES, tracing },
      lifecycleEvents: { nodeEvents: true },
      // Prints what the bus is told, so that it is searched with the logs.
      extend: (extended) => addReactor(extended),
    }));
  });
  afterAll(() => stack?.stop());

  it('is in what is told of executions and on the bus, printed, logged, traced, or kept in the table and the bucket', {
    timeout: 120_000,
  }, async () => {
    await using executor = new WorkflowExecutor({ ...stack.connection, logLevel: 'error' });

    const ran = await runThem(executor);
    const printed = await runByCommand(['--endpoint', stack.url], stack.environment);
    const kept = await everythingKept(stack);
    await expectTraced(ran);
    const isHeard = () =>
      lines.some((line) => line.includes('heard') && line.includes(`${ran.failed.executionId}/META#1#ENDED`));
    await expect.poll(isHeard, { timeout: 20_000 }).toBe(true);

    expectUsed(ran);
    expect(lines.filter((line) => line.includes('heard')).join('\n')).toContain('[secret canary-one]');
    expect(lines.join('\n')).toContain('message [secret canary-one]');
    expect(kept.size).toBeGreaterThan(50);
    expect([...kept.keys()].map((key) => key.split(/[ #]/)[0])).toContain('item');
    for (const type of ['META', 'STATE', 'RESULT', 'CHUNK', 'ATTEMPT', 'STARTED', 'CHECKPOINT', 'EVENT', 'VERSION'])
      expect([...kept.keys()].join('\n'), type).toContain(` ${type}`);
    expect(canariesIn('what was told', JSON.stringify(ran.told))).toEqual([]);
    expect(canariesIn('what was printed', printed)).toEqual([]);
    expect(canariesIn('the logs', lines.join('\n'))).toEqual([]);
    expect(canariesIn('the traces', collector.bodies.join('\n'))).toEqual([]);
    expect([...kept].flatMap(([key, content]) => canariesIn(key, content))).toEqual([]);
  });

  it('is needed to say that a secret is missing: a name the stack does not have, at the start; a value, at the node', async () => {
    await using executor = new WorkflowExecutor({ ...stack.connection, handlers });
    const withSecret = (name: string) => ({
      name: 'missing',
      nodes: { only: { handler: 'canary.end', input: { deep: [{ $secret: name }] } } },
    });

    const unset = await executor.execute(withSecret('without-value'), null);
    const unknown = { definition: withSecret('nobody-knows'), globals: { key: { $secret: 'nor-this' } } };
    const answer = await request(stack, 'POST', '/executions', unknown);

    expect(answer).toMatchObject({
      status: 422,
      body: {
        title: 'UNKNOWN_SECRET',
        issues: [{ path: 'nodes.only.input.deep[0]' }, { path: 'globals.key' }],
      },
    });
    await expect(executor.start(unknown.definition, null)).rejects.toMatchObject({ code: 'UNKNOWN_SECRET' });
    expect(unset.error).toMatchObject({ code: 'SECRET_NOT_FOUND', name: 'SecretNotFoundError' });
    expect(unset.error?.message).toMatch(
      /^There is no secret 'without-value' here: give arn:aws:secretsmanager:\S+ a value/,
    );
  });
});
