import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../infra/local/local-stack.ts';
import { signRequests } from '../../shared/adapters/aws/sign-requests.ts';
import { ExecutionDescription, ExecutionOutcome } from '../../shared/executor/description.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import { isTerminal } from '../../shared/model/result.ts';

const POLL_MS = 20;

/** A local stack with the handlers of `local-stack-handlers.ts`; what its functions print is kept in `lines`. */
export async function aLocalStack(options: LocalStackOptions = {}): Promise<{ stack: LocalStack; lines: string[] }> {
  const lines: string[] = [];
  const stack = await startLocalStack({
    handlersEntry: join(import.meta.dirname, 'local-stack-handlers.ts'),
    log: (line) => lines.push(line),
    ...options,
  });
  return { stack, lines };
}

/** A request as a client would sign it. */
export async function request(
  stack: LocalStack,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; type: string; body: unknown }> {
  const url = new URL(stack.url + path);
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const sent = { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers };
  const response = await fetch(url, {
    method,
    headers: await signRequests(stack)({ method, url, headers: sent, body: text }),
    ...(text !== undefined && { body: text }),
  });
  return { status: response.status, type: response.headers.get('content-type') ?? '', body: await response.json() };
}

export async function start(stack: LocalStack, definition: DefinitionInput, input: unknown = {}): Promise<string> {
  const { body } = await request(stack, 'POST', '/executions', { definition, input });
  if (typeof body === 'object' && body !== null && 'executionId' in body) return String(body.executionId);
  throw new Error(`Not started: ${JSON.stringify(body)}`);
}

/** Looks until `isIt` holds. */
export async function waitFor(
  stack: LocalStack,
  executionId: string,
  isIt: (description: ExecutionDescription) => boolean,
): Promise<ExecutionDescription> {
  for (;;) {
    const { body } = await request(stack, 'GET', `/executions/${executionId}`);
    const description = ExecutionDescription.parse(body);
    if (isIt(description)) return description;
    await delay(POLL_MS);
  }
}

/** Waits for its end, and gives it with its data. */
export async function ended(stack: LocalStack, executionId: string): Promise<ExecutionOutcome> {
  await waitFor(stack, executionId, ({ status }) => isTerminal(status));
  const { body } = await request(stack, 'GET', `/executions/${executionId}/outcome`);
  return ExecutionOutcome.parse(body);
}
