import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import type { Random } from './random-workflow-source.ts';

/** A workflow with its input. Both are JSON; `genericHandlers` is all it needs. */
export interface RandomWorkflow {
  readonly definition: DefinitionInput;
  readonly input: Json;
}

export const ERROR_NAMES = ['FlakyError', 'FatalError', 'OddError'] as const;

/** Ids, among them names that every object inherits. */
export const NODE_IDS = [
  'a',
  'b',
  'c',
  'constructor',
  'd',
  'e',
  'f',
  'toString',
  'g',
  'h-1',
  'i_2',
  'J',
  'valueOf',
  'hasOwnProperty',
] as const;

/** @param failing how likely it fails at least once */
export function randomBehaviour(random: Random, failing: number): { [field: string]: Json } {
  const isFailing = random.chance(failing);
  return {
    ...(random.chance(0.5) && { takesMs: random.int(1, 40) }),
    ...(isFailing && { fail: random.pick(ERROR_NAMES) }),
    ...(isFailing && random.chance(0.6) && { untilAttempt: random.int(1, 3) }),
    ...(isFailing && random.chance(0.15) && { retryable: random.chance(0.5) }),
    ...(isFailing && random.chance(0.3) && { reports: true }),
    ...(random.chance(0.3) && { fallbackFails: random.pick(ERROR_NAMES) }),
  };
}

/** Retry, fallback: what any handled node may have. */
export function randomHandling(random: Random): { [field: string]: Json } {
  return {
    ...(random.chance(0.4) && { retry: randomRetry(random) }),
    ...(random.chance(0.15) && { fallback: { handler: 'test.fallback' } }),
  };
}

function randomRetry(random: Random): Json {
  const maxRetries = random.int(0, 3);
  return {
    maxRetries,
    intervalSeconds: random.int(0, 1),
    backoffRate: random.pick([1, 2]),
    ...(random.chance(0.3) && { maxDelaySeconds: 1 }),
    ...(random.chance(0.3) && { jitterStrategy: 'FULL' }),
    ...(random.chance(0.3) && { nonRetryableErrors: ['Fatal*'] }),
    ...(random.chance(0.2) && maxRetries > 0 && { retryableErrors: ['FlakyError', 'O*'] }),
  };
}

export const randomErrorPatterns = (random: Random): string[] =>
  random.pick([['*'], ['FlakyError'], ['F*', 'Tolerated*'], ['OddError', 'FatalError']]);

export const randomConfig = (random: Random): { [field: string]: Json } => ({
  maxParallelNodes: random.int(1, 6),
  timeoutSeconds: 86_400,
  ...(random.chance(0.2) && { retryFailedNodes: true, maxRetries: random.int(0, 2) }),
});
