import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { type OutgoingRequest, signRequests } from '../../shared/adapters/aws/sign-requests.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';

const definition = { name: 'signed', nodes: { only: { handler: 'double', input: { n: 21 } } } };

describe.skipIf(!canRunEmulators())('the API of the local stack', () => {
  let stack: LocalStack;
  let lines: string[];
  beforeAll(async () => {
    ({ stack, lines } = await aLocalStack());
  });
  afterAll(() => stack?.stop());

  /** Sends a start, with what `sign` makes of its headers. */
  async function send(sign: (request: OutgoingRequest) => Promise<Readonly<Record<string, string>>>, body?: string) {
    const url = new URL(`${stack.url}/executions`);
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', url, headers, body: JSON.stringify({ definition }) };
    const response = await fetch(url, { ...request, headers: await sign(request), body: body ?? request.body });
    return { status: response.status, answer: await response.text() };
  }
  const FORBIDDEN = { status: 403, answer: '{"message":"Forbidden"}' };

  it('takes what is signed with its credentials', async () => {
    await using executor = new WorkflowExecutor(stack.connection);

    expect(await executor.execute(definition, {})).toMatchObject({ status: 'SUCCEEDED', output: 42 });
    expect((await send(async (request) => signRequests(stack)(request))).status).toBe(201);
  });

  it('refuses what is unsigned, signed by others, changed on its way, or old, and invokes nothing for it', async () => {
    const before = stack.invocations().ApiFunction;
    const wrong = { ...stack, credentials: { ...stack.credentials, secretAccessKey: 'wrong' } };
    const sign = async (request: OutgoingRequest) => signRequests(stack)(request);

    expect(await send(async ({ headers }) => headers)).toEqual(FORBIDDEN);
    expect(await send(async (request) => signRequests(wrong)(request))).toEqual(FORBIDDEN);
    expect(await send(sign, JSON.stringify({ definition, input: 'another' }))).toEqual(FORBIDDEN);
    expect(await send(async (request) => ({ ...(await sign(request)), 'x-amz-date': '20200101T000000Z' }))).toEqual(
      FORBIDDEN,
    );
    expect(stack.invocations().ApiFunction).toBe(before);
    expect(lines).toContainEqual('[API] refused POST /executions: it is not signed');
  });

  it('has its client say what to look at', async () => {
    await using executor = new WorkflowExecutor({
      endpoint: stack.url,
      region: stack.region,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });

    await expect(executor.list()).rejects.toMatchObject({
      code: 'ENDPOINT_FORBIDDEN',
      message: expect.stringMatching(/answered 403 to GET \/executions.*check the credentials/s),
    });
  });
});
