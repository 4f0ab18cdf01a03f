import { afterEach, describe, expect, it } from 'vitest';
import { PLAIN } from '../../../cli/text.ts';
import { readTimeline, type TimelineOptions } from '../../../cli/timeline/read-timeline.ts';
import { decodePlace } from '../../../cli/timeline/row-place.ts';
import type { TimelineRow } from '../../../cli/timeline/timeline-row.ts';
import { pageHint, timelineLines } from '../../../cli/timeline/timeline-text.ts';
import { LocalEngine } from '../../../shared/executor/local-engine.ts';
import type { DefinitionInput } from '../../../shared/model/definition.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import { HandlerRegistry } from '../../../shared/nodes/handler-registry.ts';
import { Logger } from '../../../shared/observability/logger.ts';
import { sleep } from '../../../shared/ports/clock.ts';
import { VirtualClock } from '../../../shared/testing/virtual-clock.ts';

const open: { clock: VirtualClock; engine: LocalEngine }[] = [];

afterEach(async () => {
  for (const { clock, engine } of open.splice(0)) await inTime(clock, engine.close());
});

/** An engine on virtual time. A node's input says how long each of its attempts takes, and whether it fails. */
function aBench() {
  const clock = new VirtualClock();
  const ends: { mended: boolean } = { mended: false };
  const timed = defineNode({
    type: 'timed',
    execute: async (input: { seconds: number[]; fails?: boolean }, { attempt, visit, signal }) => {
      await sleep(clock, (input.seconds[attempt - 1] ?? 0) * 1_000, signal);
      if (attempt < input.seconds.length || (input.fails === true && !ends.mended)) throw new Error('not yet');
      return visit;
    },
  });
  const engine = new LocalEngine({
    ...{ database: ':memory:', config: { timeoutSeconds: 3_600 }, handlers: new HandlerRegistry([timed]), pools: {} },
    ...{ clock, logger: new Logger({ write: () => undefined }), random: () => 0 },
  });
  open.push({ clock, engine });
  const start = (definition: DefinitionInput) => engine.start({ definition, input: null, executionId: 'x' });
  const timeline = async (options: Partial<TimelineOptions> = {}) => {
    const description = await inTime(clock, engine.describe('x'));
    const { run } = description;
    const wanted = { run, limit: 100, nowMs: clock.nowMs(), ...options };
    return { description, ...(await inTime(clock, readTimeline(engine, description, wanted))) };
  };
  return { clock, engine, ends, start, timeline };
}

/** Waits for a promise while time goes on as far as it must. */
async function inTime<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const watched = promise.finally(() => {
    isOver = true;
  });
  watched.catch(() => undefined);
  await clock.runUntil(() => isOver, 7_200_000);
  return watched;
}

const timed = (seconds: number[], more: object = {}) => ({
  handler: 'timed',
  timeoutSeconds: 600,
  input: { seconds },
  retry: { maxRetries: seconds.length - 1, intervalSeconds: 60 },
  ...more,
});
const GRAPH: DefinitionInput = {
  name: 'graph',
  config: { maxParallelNodes: 2 },
  nodes: {
    fetch: timed([20]),
    parse: timed([30], { dependsOn: ['fetch'] }),
    charge: timed([10, 10], { dependsOn: ['fetch'] }),
    waits: timed([10], { dependsOn: ['fetch'] }),
    never: timed([10], { dependsOn: ['fetch'], runIf: '{% false %}' }),
    last: timed([20], { dependsOn: ['parse', 'charge', 'waits'] }),
  },
};
const names = (rows: readonly TimelineRow[]): string[] => rows.map(({ nodeId }) => nodeId);

describe('a timeline', () => {
  it('of a graph has a row for each node that has a result, and the critical path', async () => {
    const { clock, engine, start, timeline } = aBench();
    await start(GRAPH);
    await inTime(clock, engine.untilAtRest('x'));

    const { description, ...read } = await timeline();
    const lines = timelineLines(description, read, { palette: PLAIN, width: 76, nowMs: clock.nowMs(), run: 1 });

    expect(lines).toEqual([
      'graph x SUCCEEDED in 2 min 0 s',
      '',
      '           0 ms                  1 min                2 min',
      '           ┬─────────────────────┬────────────────────┬',
      '✓◆ fetch   ████████                                          20.0 s',
      '✓◆ charge         ▒▒▒▒╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌████         1 min 20 s  ×2',
      '✓  parse          ████████████                               30.0 s',
      '✓  waits                     ████                            10.0 s',
      '–  never                                                             skipped',
      '✓◆ last                                        ████████      20.0 s',
      '',
      '█ running   ▒ failed   ╌ backoff   ◆ critical path   ×n attempts',
      'critical path, 2 min 0 s: fetch → charge → last',
    ]);
  });

  it('comes in pages of any size, each row once, with the same critical path', async () => {
    const { clock, engine, start, timeline } = aBench();
    await start(GRAPH);
    await inTime(clock, engine.untilAtRest('x'));
    const whole = await timeline();

    for (const limit of [1, 2, 4]) {
      const seen: string[] = [];
      let next: string | undefined;
      do {
        const page = await timeline({ limit, after: next === undefined ? undefined : decodePlace(next) });
        expect(page).toMatchObject({ total: 6, before: seen.length, criticalPath: whole.criticalPath });
        seen.push(...names(page.rows));
        next = page.next;
      } while (next !== undefined);
      expect(seen).toEqual(names(whole.rows));
    }
  });

  it('of what runs shows what attempts it made, and until when it is in backoff', async () => {
    const { clock, start, timeline } = aBench();
    await start(GRAPH);
    await clock.pass(40_000);

    const { rows, description } = await timeline();

    const startMs = description.startedAtMs;
    const shown = rows.map(({ nodeId, status, spans }) => [
      nodeId,
      status,
      ...spans.map(({ kind, fromMs, toMs }) => `${kind} ${fromMs - startMs}-${toMs - startMs}`),
    ]);
    expect(shown).toEqual([
      ['fetch', 'SUCCEEDED', 'running 0-20000'],
      ['charge', 'RUNNING', 'failed 20000-30000', 'backoff 30000-40000'],
      ['parse', 'RUNNING', 'open 20000-40000'],
    ]);
  });

  it('of a redrive has what ran then, and of an earlier run what ran in that', async () => {
    const { clock, engine, ends, start, timeline } = aBench();
    await start({
      name: 'mended',
      nodes: {
        good: timed([5]),
        broken: timed([10], { dependsOn: ['good'], input: { seconds: [10], fails: true } }),
        last: timed([20], { dependsOn: ['broken'] }),
      },
    });
    await inTime(clock, engine.untilAtRest('x'));
    await clock.pass(600_000);
    ends.mended = true;
    await engine.redrive('x');
    await inTime(clock, engine.untilAtRest('x'));

    const latest = await timeline();
    const first = await timeline({ run: 1 });

    expect(latest.rows.map(({ nodeId, status }) => [nodeId, status])).toEqual([
      ['broken', 'SUCCEEDED'],
      ['last', 'SUCCEEDED'],
    ]);
    expect(latest.criticalPath?.nodes).toEqual(['good', 'broken', 'last']);
    expect(first.rows.map(({ nodeId, status }) => [nodeId, status])).toEqual([
      ['good', 'SUCCEEDED'],
      ['broken', 'FAILED'],
    ]);
    expect(first.criticalPath?.nodes).toEqual(['good', 'broken']);
    const lines = timelineLines(latest.description, latest, { palette: PLAIN, width: 60, nowMs: 0, run: 2 });
    expect(lines[0]).toMatch(/^mended x run 2, SUCCEEDED in 10 min/);
    expect(lines[2]).toMatch(/^ +0 ms +10 s +20 s +30 s$/);
  });

  it('of a loop has a row for each visit, and no critical path: they came one after another', async () => {
    const { clock, engine, start, timeline } = aBench();
    await start({
      name: 'loop',
      strategy: 'conditional',
      nodes: { again: timed([1], { choices: [{ when: '{% $output < 3 %}', next: 'again' }], next: '$end' }) },
    });
    await inTime(clock, engine.untilAtRest('x'));

    const { rows, criticalPath } = await timeline();

    expect(rows.map(({ visit }) => visit)).toEqual([1, 2, 3]);
    expect(criticalPath).toBeUndefined();
  });

  it('of an execution from a checkpoint leaves out what had ended before, and says so', async () => {
    const { clock, engine, start, timeline } = aBench();
    await start({ ...GRAPH, config: { enableCheckpoints: true, checkpointInterval: 1 } });
    await inTime(clock, engine.untilAtRest('x'));
    const [first] = await inTime(clock, engine.checkpoints('x'));
    await clock.pass(60_000);
    const { executionId } = await inTime(clock, engine.resumeCheckpoint(first?.checkpointId ?? ''));
    await inTime(clock, engine.untilAtRest(executionId));
    const description = await engine.describe(executionId);
    const options = { run: 1, limit: 100, nowMs: clock.nowMs() };

    const read = await inTime(clock, readTimeline(engine, description, options));

    expect(first?.finishedNodes).toBe(1);
    expect(read.takenOver).toBe(1);
    expect(names(read.rows)).not.toContain('fetch');
    expect(timelineLines(description, read, { palette: PLAIN, width: 80, ...options }).at(-1)).toBe(
      '1 node had ended before, in x',
    );
    expect((await timeline()).takenOver).toBe(0);
  });

  it('says which of the rows are shown, and how to see the others', async () => {
    const { clock, engine, start, timeline } = aBench();
    await start(GRAPH);
    await inTime(clock, engine.untilAtRest('x'));
    const hintOf = async (options: Partial<TimelineOptions>) =>
      pageHint(await timeline(options), 'x', { place: {}, options: ['--limit', '4'] });
    const first = await timeline({ limit: 4 });

    expect(await hintOf({ limit: 4 })).toBe(`rows 1–4 of 6; next: fanjoin timeline x --limit 4 --after ${first.next}`);
    expect(await hintOf({ limit: 4, after: decodePlace(first.next ?? '') })).toBe('rows 5–6 of 6');
    expect(await hintOf({})).toBeUndefined();
  });
});
