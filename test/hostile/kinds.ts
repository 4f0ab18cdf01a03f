import { memoryUsage } from 'node:process';
import fc from 'fast-check';
import { openApiDocument } from '../../shared/api/openapi.ts';
import { openApiInProcess } from './api-in-process.ts';
import { sendTo } from './api-over-http.ts';
import {
  hostileDefinitions,
  hostileYaml,
  tryDefinition,
  tryDefinitionFile,
  YAML_ATTACKS,
} from './definition-trials.ts';
import { hostileExpressions } from './expression-arbitrary.ts';
import { EXPRESSION_ATTACKS } from './expression-attacks.ts';
import { tryExpression } from './expression-trial.ts';
import { type Outcome, Tally } from './outcome.ts';
import { cursorRequestsOf, requestsOf } from './request-arbitrary.ts';
import { type SentMany, sendMany } from './send-many.ts';

/** What is tried: `requests` and `cursors` on the API's bundle in this process, `http` on a local stack. */
export const HOSTILE_KINDS = ['expressions', 'definitions', 'files', 'requests', 'cursors', 'http'] as const;
export type HostileKind = (typeof HOSTILE_KINDS)[number];

/** Which trials of all that a seed has. */
export interface TrialRange {
  readonly seed: number;
  /** The first, from 0. What is known to be bad goes before it. */
  readonly from: number;
  readonly count: number;
}

export interface HostileFigures extends ReturnType<Tally['figures']> {
  /** What was neither a success nor an error with a code, or took too long. */
  readonly failures: readonly string[];
  /** The most that this process had while it tried. */
  readonly mostMegabytes: number;
}

/** No trial may take longer. */
export const MAX_TRIAL_MS = 5_000;
const CHUNK = 100;

export async function tryKind(kind: HostileKind, range: TrialRange): Promise<HostileFigures> {
  let mostBytes = memoryUsage.rss();
  const watch = setInterval(() => {
    mostBytes = Math.max(mostBytes, memoryUsage.rss());
  }, 100);
  try {
    const { tally, failures } = await TRIALS[kind](range);
    const figures = tally.figures();
    const slow = figures.slowestMs > MAX_TRIAL_MS ? [`it took ${figures.slowestMs} ms: ${figures.slowest}`] : [];
    return { ...figures, failures: [...failures, ...slow], mostMegabytes: Math.round(mostBytes / 1e6) };
  } finally {
    clearInterval(watch);
  }
}

const TRIALS: Readonly<Record<HostileKind, (range: TrialRange) => Promise<SentMany>>> = {
  expressions: (range) => tryAll(Object.values(EXPRESSION_ATTACKS).flat(), hostileExpressions, range, tryExpression),
  definitions: (range) => tryAll([], hostileDefinitions, range, tryDefinition),
  files: (range) => tryAll(Object.values(YAML_ATTACKS), hostileYaml, range, tryDefinitionFile),
  requests: (range) => inProcess(requestsOf, range),
  cursors: (range) => inProcess(cursorRequestsOf, range),
  async http(range) {
    // It takes seconds to load, and no other kind needs it.
    const { aLocalStack } = await import('../support/local-stack.ts');
    const { stack } = await aLocalStack();
    await using _ = stack;
    return await sendMany(requestsOf(openApiDocument()), (request) => sendTo(stack, request), range);
  },
};

async function inProcess(requests: typeof requestsOf, range: TrialRange): Promise<SentMany> {
  const api = await openApiInProcess();
  try {
    const sent = await sendMany(requests(openApiDocument()), api.answer, range);
    return { ...sent, failures: [...sent.failures, ...api.logged.map((line) => `logged: ${line}`)] };
  } finally {
    await api.close();
  }
}

async function tryAll<T>(
  known: readonly T[],
  made: fc.Arbitrary<T>,
  { seed, from, count }: TrialRange,
  attempt: (value: T) => Promise<Outcome>,
): Promise<SentMany> {
  const tally = new Tally();
  const failures: string[] = [];
  const tryOne = async (value: T): Promise<void> => {
    try {
      tally.add(await attempt(value), shown(value));
    } catch (error) {
      failures.push(`${error instanceof Error ? error.stack : String(error)}: ${shown(value)}`);
    }
  };
  if (from === 0) for (const value of known) await tryOne(value);
  for (let tried = 0; tried < count; tried += CHUNK) {
    for (const value of fc.sample(made, { numRuns: Math.min(CHUNK, count - tried), seed: seed + from + tried }))
      await tryOne(value);
  }
  return { tally, failures };
}

function shown(value: unknown): string {
  try {
    return String(JSON.stringify(value)).slice(0, 500);
  } catch {
    return '(not JSON)';
  }
}
