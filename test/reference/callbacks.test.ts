import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import parcel, { keepLog } from '../../examples/reference/callbacks.ts';
import { onBothTwins } from './twins.ts';

const light = { parcel: 'A7', kilograms: 2 };
const heavy = { parcel: 'B8', kilograms: 40 };

const logged: string[] = [];
beforeAll(() => {
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => logged.push(String(line)) > 0);
});
afterAll(() => void vi.restoreAllMocks());

onBothTwins((twin) => {
  it('are called in order, each once, with the execution they are about', async () => {
    await using executor = twin.open();
    const lines: string[] = [];
    executor.callbacks.addHandler(keepLog((line) => lines.push(line)));

    const { executionId } = await executor.execute(parcel, light);

    expect(lines).toEqual(
      [
        'parcel begins',
        'weigh begins',
        'weigh gave {"parcel":"A7","kilograms":2}',
        'load begins',
        'load gave {"truck":1}',
        'parcel SUCCEEDED',
      ].map((line) => `${executionId}: ${line}`),
    );
  });

  it('hear of each error once, and of the end however it is', async () => {
    await using executor = twin.open();
    const lines: string[] = [];
    executor.callbacks.addHandler(keepLog((line) => lines.push(line)));

    const { executionId } = await executor.execute(parcel, heavy);

    expect(lines).toEqual(
      ['parcel begins', 'weigh begins', 'TooHeavy: B8 weighs 40 kg, over 30 kg', 'parcel FAILED'].map(
        (line) => `${executionId}: ${line}`,
      ),
    );
  });

  it('receive inputs, outputs and which attempt of which node it was', async () => {
    await using executor = twin.open();
    const calls: unknown[] = [];
    executor.callbacks.addHandler({
      onWorkflowStart: async (workflow, input, { run }) => calls.push({ workflow, input, run }),
      onNodeComplete: (node, output, { visit, attempts, source }) =>
        calls.push({ node, output, visit, attempts, source }),
      onWorkflowComplete: (_workflow, output, { status }) => calls.push({ output, status }),
    });

    await executor.execute(parcel, light);

    expect(calls).toEqual([
      { workflow: 'parcel', input: light, run: 1 },
      { node: 'weigh', output: light, visit: 1, attempts: 1, source: 'handler' },
      { node: 'load', output: { truck: 1 }, visit: 1, attempts: 1, source: 'handler' },
      { output: { truck: 1 }, status: 'SUCCEEDED' },
    ]);
  });

  it('that throw, or never settle, harm neither the execution nor each other', async () => {
    await using executor = twin.open();
    const heard: string[] = [];
    executor.callbacks.addHandler({
      onNodeComplete: () => {
        throw new Error('the log is full');
      },
    });
    const stuck = Promise.withResolvers<void>();
    executor.callbacks.addHandler({ onWorkflowStart: () => stuck.promise });
    executor.callbacks.addHandler({ onNodeComplete: (node) => heard.push(node) });

    const result = await executor.execute(parcel, light);
    stuck.resolve();

    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { truck: 1 } });
    expect(heard).toEqual(['weigh', 'load']);
    expect(logged.filter((line) => line.includes(result.executionId) && line.includes('the log is full'))).toHaveLength(
      2,
    );
  });

  it('that are removed hear nothing more', async () => {
    await using executor = twin.open();
    const heard: string[] = [];
    const handler = { onWorkflowComplete: (workflow: string) => heard.push(workflow) };
    executor.callbacks.addHandler(handler);
    await executor.execute(parcel, light);

    executor.callbacks.removeHandler(handler);
    await executor.execute(parcel, light);

    expect(heard).toEqual(['parcel']);
  });
});
