import { describe, expect, it } from 'vitest';
import type { Json } from '../../shared/model/json.ts';
import { simulateScenario } from './simulate.ts';
import { workloadScenario } from './workloads.ts';

const node = (dependsOn: readonly string[] = []): Json => ({
  handler: 'test.behave',
  dependsOn: [...dependsOn],
  input: { behaviour: { takesMs: 10 }, received: '{% $ %}' },
});
const named = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);
const chainOf = (count: number) =>
  Object.fromEntries(named(count).map((id, index) => [id, node(index === 0 ? [] : [`n${index - 1}`])]));
const fanOutOf = (width: number) => ({
  root: node(),
  ...Object.fromEntries(named(width).map((id) => [id, node(['root'])])),
  join: node(named(width)),
});

/** What an eager execution takes on the functions of the stack, where nothing goes wrong. */
async function counted(nodes: { readonly [id: string]: Json }, maxParallelNodes = 10, input: Json = null) {
  const counts = { META: 0, RESULT: 0, STATE: 0, sends: 0, sent: 0, runs: 0, decisions: 0, reads: 0, objectGets: 0 };
  const definition = { name: 'budget', config: { maxParallelNodes, timeoutSeconds: 86_400 }, nodes };
  const { violations } = await simulateScenario(workloadScenario({ definition, input }, 'eager'), {
    exactly: new Set(),
    onChange: ({ key }) => {
      const type = key.sk.split('#')[0];
      if (type === 'META' || type === 'RESULT' || type === 'STATE') counts[type]++;
    },
    onTrace: (line) => {
      const [, sent] = /queue send (\d+) to/.exec(line) ?? [];
      if (sent !== undefined) {
        counts.sends++;
        counts.sent += Number(sent);
      }
      if (/runner-\d+#\d+ table (get|getMany \d+|query) EXEC#/.test(line)) counts.reads++;
      if (/runner-\d+#\d+ blobs get/.test(line)) counts.objectGets++;
      if (/runner-\d+ is invoked/.test(line)) counts.runs++;
      if (/scheduler-\d+ is invoked/.test(line)) counts.decisions++;
    },
  });
  return { ...counts, violations };
}

describe('an eager execution', () => {
  it('of a chain of ten takes one message, ten results, a start and an end', async () => {
    expect(await counted(chainOf(10))).toEqual({
      violations: [],
      ...{ META: 2, RESULT: 10, STATE: 0, sends: 1, sent: 1, runs: 1, decisions: 0 },
      // The flags.
      ...{ reads: 1, objectGets: 0 },
    });
  });

  it('tells the scheduler of each 64th node of a long chain, so that it is never far behind', async () => {
    const { STATE, sent, decisions } = await counted(chainOf(200));

    expect({ STATE, sent, decisions }).toEqual({ STATE: 2, sent: 1, decisions: 3 });
  });

  it('of a diamond sends one of its branches, and has ended before the scheduler hears of it', async () => {
    const diamond = { a: node(), b: node(['a']), c: node(['a']), d: node(['b', 'c']) };

    expect(await counted(diamond)).toEqual({
      violations: [],
      ...{ META: 2, RESULT: 4, STATE: 0, sends: 2, sent: 2, runs: 2, decisions: 1 },
      // The flags for each message, the input of the branch that was sent, and what the last of the join's parents sees.
      ...{ reads: 4, objectGets: 0 },
    });
  });

  it('of a fan-out to 100 and their join saves a state for each batch of the stream', async () => {
    const { META, RESULT, STATE, sent, reads } = await counted(fanOutOf(100), 100);

    expect({ META, RESULT, sent }).toEqual({ META: 2, RESULT: 102, sent: 101 });
    expect(STATE).toBeLessThan(15);
    // The flags and the root's result for each batch, and all results for the join.
    expect(reads).toBeLessThan(25);
  });

  it('of a map reads its plan, its items and the flags for many chunks at once', async () => {
    const map = { type: 'map', handler: 'test.behave', itemInput: { behaviour: {} } };

    const { META, RESULT, reads, objectGets } = await counted(
      { map },
      100,
      Array.from({ length: 1_000 }, (_, index) => index),
    );

    expect({ META, RESULT }).toEqual({ META: 2, RESULT: 1 });
    expect(reads).toBeLessThan(150);
    expect(objectGets).toBeLessThan(60);
  });
});
