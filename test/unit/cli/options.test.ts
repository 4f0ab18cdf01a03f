import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseConfig } from '../../../cli/parse-config.ts';
import { poolsOf } from '../../../cli/pools.ts';
import { nextLookAfter } from '../../../cli/progress/watch.ts';
import { readInput } from '../../../cli/read-input.ts';
import { aPlan } from './progress-fixtures.ts';
import { aTestIo } from './test-io.ts';
import { write } from './workflow-files.ts';

describe('--input', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'fanjoin-input-'));
    write(cwd, 'order.json', '{"from":"file"}');
  });
  afterEach(() => {
    rmSync(cwd, { recursive: true });
  });

  it.each([
    [undefined, null],
    ['{"a":1}', { a: 1 }],
    ['"text"', 'text'],
    ['@order.json', { from: 'file' }],
    ['order.json', { from: 'file' }],
    ['-', { from: 'stdin' }],
  ])('%s', async (argument, input) => {
    expect(await readInput(argument, {}, aTestIo({ cwd, stdin: '{"from":"stdin"}' }))).toEqual(input);
  });

  it.each([
    ['{', /The input from --input is no JSON: .* Give JSON, @file.json, or - for stdin/],
    ['@nowhere.json', /The input file 'nowhere.json' cannot be read: ENOENT/],
    ['-', /The input from stdin is no JSON/],
  ])('%s is refused', async (argument, message) => {
    await expect(readInput(argument, {}, aTestIo({ cwd }))).rejects.toThrow(message);
  });

  it('goes to the workflow as it is, if that makes its own input', async () => {
    expect(await readInput('@x', { input: (argument) => [argument ?? 'none'] }, aTestIo())).toEqual(['@x']);
    expect(await readInput(undefined, { input: (argument) => [argument ?? 'none'] }, aTestIo())).toEqual(['none']);
  });

  it('that the workflow refuses is invalid input, not a bug', async () => {
    const schema = z.object({ lines: z.array(z.string()) });
    const io = aTestIo();

    await expect(readInput('x', { input: () => schema.parse({ lines: [1] }) }, io)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      issues: [{ path: 'lines[0]' }],
    });
    await expect(readInput('x', { input: () => Promise.reject(new Error('no such file')) }, io)).rejects.toMatchObject({
      code: 'USAGE',
      message: `The workflow cannot make its input of --input 'x': no such file`,
    });
  });
});

describe('--config', () => {
  it('takes numbers and booleans, the last of a kind wins', () => {
    expect(parseConfig(['maxParallelNodes=4', 'retryFailedNodes=true', 'maxParallelNodes=5'])).toEqual({
      maxParallelNodes: 5,
      retryFailedNodes: true,
    });
    expect(parseConfig()).toEqual({});
  });

  it.each([
    ['maxParallelNodes', /takes key=value, not 'maxParallelNodes'. Keys: maxParallelNodes, timeoutSeconds/],
    ['parallel=4', /knows no 'parallel'/],
    ['maxParallelNodes=0', /maxParallelNodes: Too small/],
    ['maxParallelNodes=four', /maxParallelNodes: /],
    ['__proto__=1', /knows no '__proto__'/],
  ])('%s is refused', (pair, message) => {
    expect(() => parseConfig([pair])).toThrow(message);
  });
});

describe('--pool', () => {
  const plan = aPlan({ a: { handler: 'a', pool: 'slow' }, b: { handler: 'b', pool: 'gpu' }, c: { handler: 'c' } });

  it('sets sizes of the pools that the workflow names; the others keep theirs', () => {
    expect(poolsOf(plan, ['gpu=2'])).toEqual({ slow: {}, gpu: { size: 2 } });
  });

  it.each(['gpu', 'gpu=', 'gpu=two', 'gpu=0', 'fast=3', '=3'])('%s is refused', (pair) => {
    expect(() => poolsOf(plan, [pair])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

it('looking takes at most a tenth of the time', () => {
  expect([0, 5, 10, 50, 700].map(nextLookAfter)).toEqual([100, 100, 100, 500, 7_000]);
});
