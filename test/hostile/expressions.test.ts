import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import jsonata from 'jsonata';
import { describe, expect, it } from 'vitest';
import { compileExpression } from '../../shared/core/expression.ts';
import { toJson } from '../../shared/core/json.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { hostileExpressions, tameExpressions } from './expression-arbitrary.ts';
import { EXPRESSION_ATTACKS } from './expression-attacks.ts';
import { tryExpression } from './expression-trial.ts';
import { heapOptions } from './function-heap.ts';

const ENDS = ['ok', 'INVALID_EXPRESSION', 'EXPRESSION_FAILED', 'EXPRESSION_LIMIT', 'NOT_JSON', 'PAYLOAD_TOO_LARGE'];
const DATA = { a: { b: 2 }, items: [{ n: 1 }, { n: 2 }, { n: 1 }] };

describe.each(Object.entries(EXPRESSION_ATTACKS))('an expression that tries %s', (_what, attacks) => {
  it.each(attacks.map((text) => [text.length > 100 ? `${text.slice(0, 100)}…` : text, text]))(
    '%s ends by itself, and with a code',
    async (_shown, text) => {
      const { code } = await tryExpression(text);

      expect(ENDS).toContain(code);
    },
  );
});

it('recursion ends within the memory of the smallest function that evaluates expressions', {
  timeout: 120_000,
}, async () => {
  const trial = join(import.meta.dirname, 'expression-trial.ts');
  const script = `const { tryExpression } = await import(${JSON.stringify(trial)});
    for (const text of JSON.parse(process.argv[1])) await tryExpression(text);`;
  const attacks = JSON.stringify(EXPRESSION_ATTACKS.recursion);

  const ended = promisify(execFile)(process.execPath, [
    ...heapOptions(512),
    '--input-type=module',
    '-e',
    script,
    attacks,
  ]);

  // A heap that is full ends its process.
  await expect(ended).resolves.toMatchObject({ stderr: '' });
});

it('any expression ends by itself, with a value or a code', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(hostileExpressions, async (text) => {
      const { code } = await tryExpression(text);

      expect(ENDS).toContain(code);
    }),
    { numRuns: 400 },
  );
});

it('what is counted gives what the library gives by itself', { timeout: 300_000 }, async () => {
  const counted = async (text: string): Promise<string | undefined> =>
    describeEnd(() => compileExpression(`{% ${text} %}`).evaluate(DATA, {}));
  const byItself = async (text: string): Promise<string | undefined> =>
    describeEnd(async () => {
      const value: unknown = await jsonata(text, { stack: 1_000, sequence: 1_000_000 }).evaluate(DATA, {});
      return value === undefined ? undefined : toJson(value, 'it');
    });

  await fc.assert(
    fc.asyncProperty(tameExpressions, async (text) => {
      const ours = await counted(text);
      if (ours === 'refused') return;

      expect(ours).toBe(await byItself(text));
    }),
    { numRuns: 1_000 },
  );
});

/** The value, or that there was none. What is refused for its cost has no counterpart in the library. */
async function describeEnd(evaluate: () => Promise<unknown>): Promise<string | undefined> {
  try {
    return JSON.stringify(await evaluate());
  } catch (error) {
    const isLimit =
      error instanceof FanjoinError &&
      (error.code === 'EXPRESSION_LIMIT' || /changes? only|not a function|empty text/.test(error.message));
    return isLimit ? 'refused' : 'failed';
  }
}
