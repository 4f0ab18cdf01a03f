import type { OutputStream } from '../command-io.ts';

/** Output of handlers, held back so that it does not run into what a live view draws. */
export interface OutputCapture {
  /** Runs `draw` and writes all it wrote at once: a terminal never shows half of a change. */
  readonly direct: (draw: () => void) => void;
  release(): void;
}

/**
 * Takes over `write` of streams on one terminal.
 * @param onLines is given each piece of whole lines that others write, to put above what is drawn
 */
export function captureOutput(streams: readonly OutputStream[], onLines: (text: string) => void): OutputCapture {
  let isDirect = false;
  const captured = [...new Set(streams)].map((stream) => {
    const original = stream.write;
    const write = (text: string): void => void Reflect.apply(original, stream, [text]);
    let drawn = '';
    let partial = '';
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      if (isDirect) {
        drawn += text;
        return true;
      }
      const lines = (partial + text).split('\n');
      partial = lines.pop() ?? '';
      if (lines.length > 0) onLines(`${lines.join('\n')}\n`);
      const written = rest.find((value) => typeof value === 'function');
      if (written !== undefined) queueMicrotask(() => written());
      return true;
    };
    return {
      flush: () => {
        if (drawn !== '') write(drawn);
        drawn = '';
      },
      release: () => {
        stream.write = original;
        if (partial !== '') write(partial);
      },
    };
  });
  return {
    direct: (draw) => {
      isDirect = true;
      try {
        draw();
      } finally {
        isDirect = false;
        for (const { flush } of captured) flush();
      }
    },
    release: () => {
      for (const { release } of captured) release();
    },
  };
}
