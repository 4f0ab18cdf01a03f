import { once } from 'node:events';
import type { CommandIo, OutputStream } from './command-io.ts';

/**
 * Writes text and waits until the stream takes more, so that what a slow reader has not taken does not pile up.
 * @returns whether anybody still reads: `false` after `fanjoin history … | head` has closed its end
 */
export async function writeOut(stream: OutputStream, text: string): Promise<boolean> {
  if (!stream.writable) return false;
  if (stream.write(text)) return stream.writable;
  const over = new AbortController();
  const { signal } = over;
  // What was wrong with the stream, its own listener knows.
  const settled = ['drain', 'close', 'error'].map((event) => once(stream, event, { signal }).catch(() => undefined));
  await Promise.race(settled);
  over.abort();
  return stream.writable;
}

/** How wide a line may be; `undefined` where it is no terminal: then nothing is cut. */
export const terminalColumns = ({ stdout }: Pick<CommandIo, 'stdout'>): number | undefined =>
  stdout.isTTY === true ? (stdout.columns ?? 80) : undefined;
