import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { openApiDocument } from '../../shared/api/openapi.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';
import { type InProcessApi, openApiInProcess } from './api-in-process.ts';
import { sendTo } from './api-over-http.ts';
import { cursorRequestsOf, requestsOf } from './request-arbitrary.ts';
import { sendMany } from './send-many.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

describe(`the API, as it is bundled, (SEED=${SEED})`, () => {
  let api: InProcessApi;
  beforeAll(async () => {
    api = await openApiInProcess();
  });
  afterAll(async () => {
    await api?.close();
  });

  it('answers each made-up cursor of each list with a page or a code', { timeout: 300_000 }, async () => {
    const { failures, tally } = await sendMany(cursorRequestsOf(openApiDocument()), api.answer, {
      seed: SEED,
      from: 0,
      count: 500,
    });

    expect(failures).toEqual([]);
    expect(Object.keys(tally.figures().outcomes)).toEqual(expect.arrayContaining(['200', 'INVALID_INPUT']));
  });

  it('answers each request its document describes, right or wrong, with a success or a code', {
    timeout: 300_000,
  }, async () => {
    const { failures, tally } = await sendMany(requestsOf(openApiDocument()), api.answer, {
      seed: SEED,
      from: 0,
      count: 2_000,
    });

    expect(failures).toEqual([]);
    expect(api.logged).toEqual([]);
    // Neither all refused nor all taken: else nothing was tried.
    expect(Object.keys(tally.figures().outcomes)).toEqual(
      expect.arrayContaining(['200', '201', '202', 'INVALID_INPUT', 'INVALID_DEFINITION', 'EXECUTION_NOT_FOUND']),
    );
  });
});

describe.skipIf(!canRunEmulators())(`the API, over HTTP, (SEED=${SEED})`, () => {
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
    const { failures } = await sendMany(requestsOf(openApiDocument()), (request) => sendTo(stack, request), {
      seed: SEED,
      from: 0,
      count: 300,
    });

    expect(failures).toEqual([]);
  });
});
