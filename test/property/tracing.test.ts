import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkItem, ResultItem } from '../../shared/model/items.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { itemType } from '../../shared/store/keys.ts';
import { attemptSpanId, executionSpanId, traceIdOf } from '../../shared/tracing/span-ids.ts';
import { type Span, toSpans } from '../../shared/tracing/to-spans.ts';
import type { Rates } from '../simulation/faults.ts';
import { scenarioOf } from '../simulation/scenario.ts';
import { simulateScenario } from '../simulation/simulate.ts';

const RUNS = Number(process.env.RUNS ?? 50);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const REPEATING: Rates = { messageTwice: 0.15, messageLate: 0.2, batchTwice: 0.15, removalLost: 0.1 };

const aRun = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  rates: fc.constantFrom<Rates>({}, REPEATING),
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
  it(`are one trace each: a span for each attempt, however often messages and changes come (SEED=${SEED} RUNS=${RUNS})`, {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(aRun, async ({ seed, rates }) => {
        const drawn = scenarioOf(seed);
        const executions = drawn.executions.map((execution) => ({ ...execution, config: { traceExecution: true } }));
        const scenario = { ...drawn, executions, controls: [], redrives: 0, faults: { ...drawn.faults, rates } };
        const records: ChangeRecord[] = [];
        const { violations } = await simulateScenario(scenario, {
          onChange: (record) => (record.key.pk.startsWith('EXEC#') ? records.push(record) : undefined),
        });
        expect(violations).toEqual([]);

        const told = [...records, ...records].flatMap(toSpans);

        const spans = new Map<string, Span>();
        for (const span of told) {
          expect(spans.get(span.spanId) ?? span).toEqual(span);
          spans.set(span.spanId, span);
        }
        expect(told.length).toBe(2 * spans.size);
        const started = records.filter(({ key, before }) => key.sk === 'META' && before === undefined);
        const roots = new Map(
          started.map(({ key }) => key.pk.slice('EXEC#'.length)).map((id) => [traceIdOf(id), executionSpanId(id, 1)]),
        );
        expect([...spans.keys()]).toEqual(expect.arrayContaining([...roots.values(), ...expectedIds(records)]));
        for (const { traceId, spanId, parentSpanId, startMs, endMs } of spans.values()) {
          const root = roots.get(traceId);
          expect(root).toBeDefined();
          expect(parentSpanId).toBe(spanId === root ? undefined : root);
          expect(endMs).toBeGreaterThanOrEqual(startMs);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
