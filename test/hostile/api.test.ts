import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { openApiDocument } from '../../shared/api/openapi.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';
import { type InProcessApi, openApiInProcess } from './api-in-process.ts';
import { sendTo } from './api-over-http.ts';
import { sendMany } from './send-many.ts';

describe('the API, as it is bundled,', () => {
  let api: InProcessApi;
  beforeAll(async () => {
    api = await openApiInProcess();
  });
  afterAll(async () => {
    await api?.close();
  });

  it('answers each request its document describes, right or wrong, with a success or a code', {
    timeout: 300_000,
  }, async () => {
    const { failures, tally } = await sendMany(openApiDocument(), api.answer, { count: 2_000, seed: Date.now() });

    expect(failures).toEqual([]);
    expect(api.logged).toEqual([]);
    // Neither all refused nor all taken: else nothing was tried.
    expect(Object.keys(tally.figures().outcomes)).toEqual(
      expect.arrayContaining(['200', '201', '202', 'INVALID_INPUT', 'INVALID_DEFINITION', 'EXECUTION_NOT_FOUND']),
    );
  });
});

describe.skipIf(!canRunEmulators())('the API, over HTTP,', () => {
  let stack: LocalStack;
  beforeAll(async () => {
    ({ stack } = await aLocalStack());
  });
  afterAll(async () => {
    await stack?.stop();
  });

  it('answers each request its document describes, right or wrong, with a success or a code', {
    timeout: 300_000,
  }, async () => {
    const { failures } = await sendMany(openApiDocument(), (request) => sendTo(stack, request), {
      count: 300,
      seed: Date.now(),
    });

    expect(failures).toEqual([]);
  });
});
