import { deepStrictEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { compile } from '../core/compile.ts';
import { describeCause, FanjoinError, InvalidDefinitionError } from '../errors.ts';
import type { ExecutionHandle } from '../executor/execution-handle.ts';
import type { Definition } from '../model/definition.ts';
import { DefinitionFileError, parseDefinitionFile } from '../nodes/definition-file.ts';
import type { ExecutionEvent } from '../observability/execution-event.ts';
import { fillIn, historyLine } from './history-lines.ts';
import type { AnyWorkflow, NodesOf, UnderTest } from './node-types.ts';
import { TestExecutor } from './test-executor.ts';
import { type TestExecutorOptions, TestRig } from './test-rig.ts';

export type { Failure } from './failures.ts';
export type { Replacement, TestNodeContext } from './node-types.ts';
export type { TestCall } from './recorded-calls.ts';
export type { TestClock } from './test-clock.ts';
export type { TestExecutor, TestExecutorOptions };

const PAGE = 1_000;

/**
 * A `WorkflowExecutor` for tests: the local engine itself, in memory and in virtual time. Whatever waits (backoffs, timeouts,
 * deadlines, caches) goes by as soon as nothing else can happen, and only while you wait for the executor. The same test
 * does the same each time: ids are `execution-1`, `execution-2`, …, and jitter comes from a seed.
 *
 * @throws {InvalidInputError | InvalidDefinitionError} the options, or the workflow, are not valid
 * @throws {FanjoinError} `TEST_UNKNOWN_NAME`, `TEST_NO_HANDLER`: a name means nothing in the workflow
 * @example
 * await using executor = createTestExecutor({
 *   workflow: orders,
 *   replace: { charge: ({ orderId }) => ({ chargeId: `charge-${orderId}` }) },
 *   failures: [{ node: 'charge', attempt: 1, error: new Error('timeout') }],
 * });
 * const { status } = await executor.execute(orders, anOrder);
 */
export function createTestExecutor<Tested extends UnderTest = AnyWorkflow>(
  options: TestExecutorOptions<Tested> = {},
): TestExecutor<NodesOf<Tested>> {
  return new TestExecutor(new TestRig(options), options);
}

/**
 * A workflow from a file in YAML or JSON, to be tested: `createTestExecutor({ workflow: readWorkflow('orders.yaml'), handlers })`.
 *
 * @throws {FanjoinError} `WORKFLOW_NOT_READ`, or `INVALID_DEFINITION` with every issue and its place in the file
 */
export function readWorkflow(file: string): Definition {
  const shownAs = relative('', file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const message = `The workflow file '${shownAs}' cannot be read: ${describeCause(cause)}`;
    throw new FanjoinError('WORKFLOW_NOT_READ', message, { cause });
  }
  return parseWorkflow(text, shownAs);
}

/**
 * The same of the text itself.
 * @param name what its issues name it by
 * @throws {FanjoinError} `INVALID_DEFINITION`, with every issue and its place in the text
 */
export function parseWorkflow(text: string, name = 'workflow'): Definition {
  const { value, place } = parseDefinitionFile(text, name);
  try {
    return compile(value).definition;
  } catch (error) {
    if (!(error instanceof InvalidDefinitionError)) throw error;
    throw new DefinitionFileError(name, error.issues.map(place));
  }
}

/**
 * What happened to an execution, a line for each event, in order: `['started', 'charge failed (attempt 1, Error), again in
 * 1000 ms', 'charge succeeded (attempt 2)', 'succeeded']`.
 *
 * @param options `times`: begin each line with the milliseconds since the start. Default false
 */
export async function historyOf(
  handle: Pick<ExecutionHandle, 'history'>,
  { times = false }: { times?: boolean } = {},
): Promise<string[]> {
  const events: ExecutionEvent[] = [];
  let after: string | undefined;
  do {
    const page = await handle.history({ limit: PAGE, ...(after !== undefined && { after }) });
    events.push(...page.events);
    after = page.next;
  } while (after !== undefined);
  const startMs = events[0]?.atMs ?? 0;
  return events.map((event) => (times ? `${event.atMs - startMs} ms: ${historyLine(event)}` : historyLine(event)));
}

/**
 * Asserts what happened to an execution, as lines that `historyOf` gives; the line `…` stands for any number of lines.
 *
 * @throws {AssertionError} of node:assert, with the difference
 * @example
 * await expectHistory(handle, ['started', '…', 'charge succeeded (attempt 2)', '…', 'succeeded']);
 */
export async function expectHistory(
  handle: Pick<ExecutionHandle, 'history'>,
  expected: readonly string[],
): Promise<void> {
  const actual = await historyOf(handle);
  deepStrictEqual(actual, fillIn(expected, actual));
}
