import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { predict } from './predict.ts';

/** Of WfCommons' format: two tasks of a second, one after the other, and one of an hour beside them. */
const INSTANCE = {
  name: 'small.json',
  schemaVersion: '1.5',
  workflow: {
    specification: {
      tasks: [
        { id: 'a', name: 'a', parents: [], children: ['b'] },
        { id: 'b', name: 'b', parents: ['a'], children: [] },
        { id: 'c', name: 'c', parents: [], children: [] },
      ],
    },
    execution: {
      tasks: [
        { id: 'a', runtimeInSeconds: 1 },
        { id: 'b', runtimeInSeconds: 1 },
        { id: 'c', runtimeInSeconds: 3_600 },
      ],
    },
  },
};

it('a WfCommons instance gets a prediction that says it is one, with where its figures are from', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'predicted-'));
  try {
    const file = join(directory, 'small.json');
    writeFileSync(file, JSON.stringify(INSTANCE));

    const lines: string[] = [];
    for await (const line of predict(file)) lines.push(line);

    const [first = ''] = lines;
    const figures = (lines.at(-1) ?? '').trim().split(/\s+/).slice(-8).map(Number);
    expect(first).toMatch(/^PREDICTION by simulation/);
    expect(lines.filter((line) => /measured|assumed|docs.aws|aws.amazon/.test(line)).length).toBeGreaterThanOrEqual(10);
    expect(lines.at(-1)).toContain('small (3) 1 cut to 840 s');
    // It cannot be over before its longest task, and has to write and to send something.
    expect(figures[0]).toBeGreaterThan(840);
    expect(figures[0]).toBeLessThan(850);
    for (const figure of figures) expect(figure).toBeGreaterThan(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
