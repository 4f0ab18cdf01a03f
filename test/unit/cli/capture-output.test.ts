import { expect, it } from 'vitest';
import { captureOutput } from '../../../cli/progress/capture-output.ts';
import { aTestIo } from './test-io.ts';

it('what handlers print goes above the live view, line by line', () => {
  const { stdout, stderr } = aTestIo();
  const above: string[] = [];
  const capture = captureOutput([stdout, stderr], (text) => above.push(text));

  stdout.write('a line\nhalf ');
  stderr.write('an error\n');
  stdout.write('a line\n');

  expect(above).toEqual(['a line\n', 'an error\n', 'half a line\n']);
  expect(stdout.text + stderr.text).toBe('');
  capture.release();
});

it('what the view draws is written at once', () => {
  const { stderr } = aTestIo();
  const writes: string[] = [];
  const original = stderr._write.bind(stderr);
  stderr._write = (chunk: Buffer, encoding: string, done: () => void) => {
    writes.push(chunk.toString());
    original(chunk, encoding, done);
  };
  const capture = captureOutput([stderr], () => {});

  capture.direct(() => {
    stderr.write('erase');
    stderr.write('frame');
  });

  expect(writes).toEqual(['eraseframe']);
  capture.release();
});

it('afterwards streams are as before, and nothing is lost', () => {
  const { stdout } = aTestIo();
  const write = stdout.write;
  const capture = captureOutput([stdout, stdout], () => {});
  stdout.write('no end of line');

  capture.release();

  expect(stdout.write).toBe(write);
  expect(stdout.text).toBe('no end of line');
});

it('whoever waits for a write is told', async () => {
  const { stdout } = aTestIo();
  const capture = captureOutput([stdout], () => {});

  await new Promise<void>((resolve) => void stdout.write('x\n', () => resolve()));

  capture.release();
});
