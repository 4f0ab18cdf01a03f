import { Writable } from 'node:stream';
import type { CommandIo, InterruptSignal } from '../../../cli/command-io.ts';

class TextStream extends Writable {
  readonly isTTY = false;
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

export interface TestIo extends CommandIo {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  interrupt(signal: InterruptSignal): void;
}

/** A command's world in memory. */
export function aTestIo({ cwd = '/', stdin = '' }: { cwd?: string; stdin?: string } = {}): TestIo {
  const listeners = new Set<(signal: InterruptSignal) => void>();
  return {
    stdin: (async function* () {
      yield stdin;
    })(),
    stdout: new TextStream(),
    stderr: new TextStream(),
    env: {},
    cwd,
    onInterrupt(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    interrupt(signal) {
      for (const listener of listeners) listener(signal);
    },
  };
}
