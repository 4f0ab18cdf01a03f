import { ulid } from 'ulid';
import { secretNames } from '../shared/adapters/aws/secret-names.ts';
import { ExecutionService } from '../shared/executor/execution-service.ts';
import { DEFAULT_STACK } from '../shared/observability/billed-operations.ts';
import { FLAGS_KNOWN_MS } from '../shared/runner/flag-reader.ts';
import { environment, exportsSpans, retentionMs } from './environment.ts';
import { clock, dispatcher, store } from './runtime.ts';

/** What starts executions and tells of them, for the functions that do. */
export const service = new ExecutionService({
  store,
  clock,
  pools: environment.POOLS,
  secrets: secretNames(environment.SECRET_NAMES),
  handlersVersion: () => environment.HANDLERS_VERSION,
  handlersPin: () => ({ version: environment.HANDLERS_VERSION, runners: environment.RUNNER_VERSIONS }),
  newId: ulid,
  billedStack: {
    runnerMemoryMb: environment.RUNNER_MEMORY_MB ?? DEFAULT_STACK.runnerMemoryMb,
    lifecycleEvents: environment.LIFECYCLE_EVENTS ?? DEFAULT_STACK.lifecycleEvents,
  },
  exportsSpans,
  retentionMs,
  dispatcher,
  advance: environment.ADVANCE,
  flagsKnownMs: FLAGS_KNOWN_MS,
});
