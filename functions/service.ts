import { ulid } from 'ulid';
import { S3Links } from '../shared/adapters/aws/s3-links.ts';
import { secretNames } from '../shared/adapters/aws/secret-names.ts';
import { DEFAULT_STACK } from '../shared/billing/billed-operations.ts';
import { ExecutionService } from '../shared/executor/execution-service.ts';
import { LIMITS } from '../shared/model/limits.ts';
import { runnerOf } from '../shared/model/runners.ts';
import { FLAGS_KNOWN_MS } from '../shared/runner/flag-reader.ts';
import { environment, exportsSpans, retentionMs } from './environment.ts';
import { clock, dispatcher, s3, store } from './runtime.ts';

/** What starts executions and tells of them, for the functions that do. */
export const service = new ExecutionService({
  store,
  clock,
  pools: environment.POOLS,
  runners: environment.RUNNERS,
  secrets: secretNames(environment.SECRET_NAMES),
  handlersVersion: () => environment.HANDLERS_VERSION,
  handlersPin: () => ({ version: environment.HANDLERS_VERSION, runners: environment.RUNNER_VERSIONS }),
  newId: ulid,
  billedStack: {
    memoryMbOf: (pool) => runnerOf(environment.RUNNERS, pool)?.memoryMb ?? DEFAULT_STACK.memoryMbOf(pool),
    lifecycleEvents: environment.LIFECYCLE_EVENTS ?? DEFAULT_STACK.lifecycleEvents,
  },
  exportsSpans,
  answerBounds: {
    roomBytes: LIMITS.maxAnswerBytes,
    links: new S3Links({ client: s3, bucket: environment.BUCKET_NAME, clock }),
  },
  retentionMs,
  dispatcher,
  advance: environment.ADVANCE,
  flagsKnownMs: FLAGS_KNOWN_MS,
  watchesStarts: true,
});
