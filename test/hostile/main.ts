import { memoryUsage } from 'node:process';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { openApiDocument } from '../../shared/api/openapi.ts';
import { aLocalStack } from '../support/local-stack.ts';
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
import { type SentMany, sendMany } from './send-many.ts';

/**
 * Tries hostile input of all kinds, and prints figures as JSON on stdout: by kind, how many trials, how they ended, the
 * slowest, what failed, and the most memory this process had. Exits 1 if anything failed.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    http: { type: 'string', default: '5000' },
    definitions: { type: 'string', default: '20000' },
    expressions: { type: 'string', default: '5000' },
    files: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const seed = Number(values.seed);
/** No trial may take longer. */
const MAX_MS = 5_000;

interface Figures extends ReturnType<Tally['figures']> {
  readonly failures: readonly string[];
}

let mostBytes = 0;
const watch = setInterval(() => {
  mostBytes = Math.max(mostBytes, memoryUsage.rss());
}, 100).unref();

const say = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);

const figures: Record<string, Figures> = {};
const note = (kind: string, { tally, failures }: SentMany): void => {
  const counted = tally.figures();
  const slow = counted.slowestMs > MAX_MS ? [`took ${counted.slowestMs} ms: ${counted.slowest}`] : [];
  figures[kind] = { ...counted, failures: [...failures, ...slow] };
  say(`${kind}: ${counted.trials} trials, ${figures[kind].failures.length} failures, slowest ${counted.slowestMs} ms`);
};

note(
  'expressions',
  await tryAll(Object.values(EXPRESSION_ATTACKS).flat(), hostileExpressions, Number(values.expressions), tryExpression),
);
note('definitions', await tryAll([], hostileDefinitions, Number(values.definitions), tryDefinition));
note('files', await tryAll(Object.values(YAML_ATTACKS), hostileYaml, Number(values.files), tryDefinitionFile));

const api = await openApiInProcess();
try {
  note('requests', await sendMany(openApiDocument(), api.answer, { count: Number(values.requests), seed }));
} finally {
  await api.close();
}

const { stack } = await aLocalStack();
try {
  const send = (request: Parameters<typeof sendTo>[1]) => sendTo(stack, request);
  note('http', await sendMany(openApiDocument(), send, { count: Number(values.http), seed }));
} finally {
  await stack.stop();
}

clearInterval(watch);
console.log(JSON.stringify({ seed, mostMegabytes: Math.round(mostBytes / 1e6), kinds: figures }, null, 2));
if (Object.values(figures).some(({ failures }) => failures.length > 0)) process.exitCode = 1;

async function tryAll<T>(
  known: readonly T[],
  made: fc.Arbitrary<T>,
  count: number,
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
  for (const value of known) await tryOne(value);
  const CHUNK = 100;
  for (let tried = 0; tried < count; tried += CHUNK) {
    for (const value of fc.sample(made, { numRuns: Math.min(CHUNK, count - tried), seed: seed + tried }))
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
