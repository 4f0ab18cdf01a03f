import { once } from 'node:events';

/** Where text goes: a file, a pipe or a terminal. */
export interface OutputStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean | undefined;
  /** Of a terminal, in characters. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

export type InterruptSignal = 'SIGINT' | 'SIGTERM';

/** All of the world a command touches, besides files. */
export interface CommandIo {
  readonly stdin: AsyncIterable<string | Uint8Array>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here. */
  readonly cwd: string;
  /** Calls `listener` at Ctrl-C and the like, until the returned function is called. */
  onInterrupt(listener: (signal: InterruptSignal) => void): () => void;
}

/** This process's own streams and signals. */
export function processIo(): CommandIo {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    onInterrupt(listener) {
      process.on('SIGINT', listener).on('SIGTERM', listener);
      return () => void process.off('SIGINT', listener).off('SIGTERM', listener);
    },
  };
}

/** Resolves when all that was written has left the process: an exit before would cut what a slow pipe has not taken. */
export async function flush({ stdout, stderr }: CommandIo): Promise<void> {
  await Promise.all([stdout, stderr].map(drain));
}

async function drain(stream: OutputStream): Promise<void> {
  if (!stream.writable) return;
  const closed = once(stream, 'close').catch(() => undefined);
  await Promise.race([new Promise((resolve) => stream.write('', resolve)), closed]);
}

/** `fanjoin run … | head` closes its end early: the rest of the text has no reader, and the work goes on. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
