import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../shared/core/compile.ts';
import { ChunkItem, ResultItem } from '../../shared/model/items.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { itemType } from '../../shared/store/keys.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { attemptSpanId, executionSpanId, traceIdOf } from '../../shared/tracing/span-ids.ts';
import { type Span, toSpans } from '../../shared/tracing/to-spans.ts';
import { NO_TROUBLE, type Trouble } from '../support/faulty-queue.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { randomWorkflow } from '../support/random-workflow.ts';
import { Twin } from '../support/twin.ts';

const RUNS = Number(process.env.RUNS ?? 50);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const MAX_RUN_MS = 6 * 3_600_000;
const REPEATING: Trouble = { callFails: 0, repeated: 0.15, delayed: 0.3 };

const aRun = fc.record({
  workflow: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  maxNodes: fc.integer({ min: 1, max: 10 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  trouble: fc.constantFrom(NO_TROUBLE, REPEATING),
});

/** The spans that each attempt of what stands must have, by its results. */
function expectedIds(records: readonly ChangeRecord[]): string[] {
  return records.flatMap(({ key, after }) => {
    if (itemType(key.sk) === 'RESULT') {
      const { status, attempts, ...visit } = ResultItem.parse(after);
      return status === 'SKIPPED' ? [] : attempts.map(({ attempt }) => attemptSpanId({ ...visit, attempt }));
    }
    if (itemType(key.sk) !== 'CHUNK') return [];
    const { attempts, ...chunk } = ChunkItem.parse(after);
    return attempts.map(({ attempt }) => attemptSpanId({ ...chunk, attempt }));
  });
}

describe('random workflows', () => {
  it(`are one trace: a span for each attempt, however often messages and changes come (SEED=${SEED} RUNS=${RUNS})`, {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(aRun, async ({ workflow, maxNodes, seed, trouble }) => {
        const { definition, input } = randomWorkflow(workflow, maxNodes);
        const clock = new VirtualClock();
        const records: ChangeRecord[] = [];
        const twin = new Twin({
          clock,
          handlers: genericHandlers(clock),
          seed,
          trouble,
          exportsSpans: true,
          onChange: (record) => void records.push(record),
        });
        const isOver = () => {
          const meta = records.findLast(({ key }) => key.sk === 'META')?.after;
          return meta !== undefined && isTerminal(parseMeta(meta).status);
        };
        try {
          twin.serve(compile(definition));
          const config = { traceExecution: true };
          const { executionId } = await twin.service.start({ definition, input, config });
          expect(await clock.runUntil(isOver, MAX_RUN_MS)).toBe(true);
          await clock.pass(120_000);

          const told = [...records, ...records].flatMap(toSpans);

          const spans = new Map<string, Span>();
          for (const span of told) {
            expect(spans.get(span.spanId) ?? span).toEqual(span);
            spans.set(span.spanId, span);
          }
          const root = executionSpanId(executionId, 1);
          expect(told.length).toBe(2 * spans.size);
          expect([...spans.keys()]).toEqual(expect.arrayContaining([root, ...expectedIds(records)]));
          for (const { traceId, spanId, parentSpanId, startMs, endMs } of spans.values()) {
            expect(traceId).toBe(traceIdOf(executionId));
            expect(parentSpanId).toBe(spanId === root ? undefined : root);
            expect(endMs).toBeGreaterThanOrEqual(startMs);
          }
        } finally {
          await twin.close();
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
