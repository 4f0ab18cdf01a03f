import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { ApiCalls, giving, idIn } from '../support/api-calls.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';

describe.skipIf(!canRunEmulators())('the API takes nothing it does not understand:', () => {
  let stack: LocalStack;
  let lines: string[];
  let executor: WorkflowExecutor;
  let api: ApiCalls;
  beforeAll(async () => {
    ({ stack, lines } = await aLocalStack());
    executor = new WorkflowExecutor(stack.connection);
    api = new ApiCalls(stack);
  });
  afterAll(async () => {
    await executor?.close();
    await stack?.stop();
  });

  it('ids of nothing', async () => {
    const ids = ['unknown', 'a b', '..%2F..', '%00', 'x'.repeat(81), 'EXEC%23x', '__proto__'];
    for (const id of ids) {
      for (const path of ['', '/outcome', '/results', '/events', '/definition', '/checkpoints', '/billed-operations'])
        expect(await api.get(`/executions/${id}${path}`)).toMatchObject({ code: 'EXECUTION_NOT_FOUND' });
      for (const action of ['cancel', 'pause', 'resume', 'redrive'])
        expect(await api.post(`/executions/${id}/${action}`)).toMatchObject({ code: 'EXECUTION_NOT_FOUND' });
      expect(await api.get(`/checkpoints/${id}`)).toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
      expect(await api.post(`/checkpoints/${id}/resume`)).toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
      expect((await api.get(`/workflows/${id}`)).status).toBeGreaterThanOrEqual(400);
    }
  });

  it('cursors that no page gave', async () => {
    const id = idIn(await api.post('/executions?wait=25', { definition: giving('forged') }));
    const forged = ['META', 'STATE', 'EXEC#other', 'RESULT#', 'RESULT#a#1#1', '{"pk":"x"}', '\u0000', '%', '-1', ''];
    for (const cursor of forged) {
      const after = `after=${encodeURIComponent(cursor)}`;
      for (const path of [
        '/executions',
        `/executions/${id}/results`,
        `/executions/${id}/events`,
        '/workflows/forged/versions',
      ])
        expect(await api.get(`${path}?${after}`)).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    }
    for (const cursor of ['WORKFLOW#x', 'a b', '\u0000', ''])
      expect(await api.get(`/workflows?after=${encodeURIComponent(cursor)}`)).toMatchObject({
        code: 'INVALID_INPUT',
      });
    // One of the right form, of nowhere, is only a place to begin at.
    expect((await api.get(`/executions/${id}/results?after=RESULT%23zzz%23000001%230001`)).body).toEqual({
      results: [],
    });
  });

  it('nodes that may outlive the function that runs them', async () => {
    const outliving = (name: string) => ({ name, nodes: { n: { handler: 'double', timeoutSeconds: 900 } } });
    const problem = {
      status: 400,
      code: 'INVALID_DEFINITION',
      body: {
        issues: [
          { path: 'nodes.n.timeoutSeconds', code: 'TIMEOUT_TOO_LONG', message: expect.stringContaining('300 s') },
        ],
      },
    };

    expect(await api.post('/workflows', { definition: outliving('published') })).toMatchObject(problem);
    expect(await api.post('/executions', { definition: outliving('started') })).toMatchObject(problem);
    expect((await api.post('/workflows/validate', { definition: outliving('validated') })).body).toMatchObject({
      isValid: false,
    });
    expect((await api.get('/executions?workflow=started')).body).toEqual({ executions: [] });
  });

  it('parameters it does not know, and values they cannot have', async () => {
    for (const query of [
      'colour=red',
      'limit=0',
      'limit=1001',
      'limit=ten',
      'limit=1.5',
      'status=DONE',
      'workflow=a%23b',
      'fromMs=-1',
      'toMs=1e300',
      'searchAttributes=c1',
      'searchAttributes[a.b]=c1',
      'searchAttributes[customer]=',
      'searchAttributes[__proto__]=x',
      '__proto__[limit]=1',
      'constructor=x',
      'searchAttributes[a]=1&searchAttributes[b]=1&searchAttributes[c]=1&searchAttributes[d]=1',
    ])
      expect(await api.get(`/executions?${query}`), query).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    expect(await api.post('/executions?wait=26', { definition: giving('x') })).toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(await api.get('/openapi.json?pretty=1')).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await api.get('/dead-letters?limit=501')).toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('bodies that are no start', async () => {
    const definition = giving('wrong');
    const before = (await executor.list({ limit: 1 })).executions;
    for (const body of [
      [],
      'text',
      {},
      { definition: 'orders' },
      { definition, workflow: 'wrong' },
      { definition, version: 1 },
      { workflow: 'wrong', version: -1 },
      { workflow: 'no name' },
      { definition, unknown: 1 },
      { definition, executionId: 'a b' },
      { definition, executionId: 7 },
      { definition, config: { maxParallelNodes: 0 } },
      { definition, config: { maxParallelNodez: 1 } },
      { definition, globals: [] },
      { definition, tags: { a: 1 } },
      { definition, searchAttributes: { a: 1 } },
      { definition, searchAttributes: { '': 'x' } },
      { definition, searchAttributes: { a: '1', b: '1', c: '1', d: '1' } },
      { definition, defaults: { timeoutSeconds: 'long' } },
    ])
      expect(await api.post('/executions', JSON.stringify(body)), JSON.stringify(body)).toMatchObject({
        status: 400,
        code: 'INVALID_INPUT',
        problem: { issues: [expect.objectContaining({ message: expect.any(String) })] },
      });
    for (const definition of [
      {},
      { name: 'x' },
      { name: '1', nodes: {} },
      { name: 'x', nodes: { a: { type: 'task' } } },
    ])
      expect(await api.post('/executions', { definition })).toMatchObject({
        status: 400,
        code: 'INVALID_DEFINITION',
      });

    expect((await executor.list({ limit: 1 })).executions).toEqual(before);
    expect((await api.get('/workflows?after=wrona&limit=1')).body).not.toMatchObject({
      workflows: [{ workflow: 'wrong' }],
    });
  });

  it('bodies of other routes', async () => {
    for (const [method, path, body] of [
      ['POST', '/workflows', {}],
      ['POST', '/workflows', { definition: [] }],
      ['POST', '/workflows', { definition: giving('a'), alias: 'live' }],
      ['POST', '/workflows/validate', {}],
      ['PUT', '/workflows/a/aliases/live', {}],
      ['PUT', '/workflows/a/aliases/live', { version: 0 }],
      ['PUT', '/workflows/a/aliases/latest', { version: 1 }],
      ['POST', '/executions/x/pause', { before: 1 }],
      ['POST', '/executions/x/pause', { after: 'a' }],
      ['POST', '/checkpoints/x/resume', { executionId: '#' }],
      ['POST', '/dead-letters/redrive', {}],
      ['POST', '/dead-letters/redrive', { pool: 'default', limit: 0 }],
    ] as const)
      expect(await api.call(method, path, body), `${path} ${JSON.stringify(body)}`).toMatchObject({
        status: 400,
        code: 'INVALID_INPUT',
      });
    expect(await api.post('/workflows', { definition: { name: 'x' } })).toMatchObject({ code: 'INVALID_DEFINITION' });
  });

  it('bodies that are no JSON, or not declared as such', async () => {
    const declared = (contentType: string) => ({ 'content-type': contentType });

    expect(await api.post('/executions')).toMatchObject({ status: 400, code: 'MALFORMED_JSON' });
    expect(await api.post('/executions', '{"definition":')).toMatchObject({ code: 'MALFORMED_JSON' });
    expect(await api.post('/executions', '['.repeat(300_000))).toMatchObject({ code: 'MALFORMED_JSON' });
    const deep = `{"input":${'['.repeat(300_000)}${']'.repeat(300_000)}}`;
    expect(await api.post('/executions', deep)).toMatchObject({ status: 400, code: 'NOT_JSON' });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream'])
      expect(await api.post('/executions', '{}', declared(type))).toMatchObject({
        status: 415,
        code: 'UNSUPPORTED_MEDIA_TYPE',
        problem: { detail: expect.stringMatching(/send JSON with the header/) },
      });
  });

  it('and none of it was a fault', () => {
    expect(lines.filter((line) => /request failed|"level":"error"/.test(line))).toEqual([]);
  });
});
