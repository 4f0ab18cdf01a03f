import type { Plan } from '../shared/core/plan.ts';
import type { ExecutionHandle } from '../shared/executor/execution-handle.ts';
import type { ExecutionResult } from '../shared/executor/execution-result.ts';
import type { CommandIo, InterruptSignal } from './command-io.ts';
import { LineView } from './progress/line-view.ts';
import type { ProgressView } from './progress/snapshot.ts';
import { watchProgress } from './progress/watch.ts';
import { paletteFor } from './text.ts';

export interface FollowOptions {
  readonly io: CommandIo;
  readonly showsProgress: boolean;
  readonly plan: Plan | undefined;
  /** Visits that had ended before, by `visitKeyOf`, and their nodes. */
  readonly before: { readonly visits: Set<string>; readonly nodes: ReadonlySet<string> };
}

export const NOTHING_BEFORE = (): FollowOptions['before'] => ({ visits: new Set(), nodes: new Set() });

export type Followed = { readonly result: ExecutionResult } | { readonly interrupted: InterruptSignal };

/** Shows an execution's progress until it is at rest, or until Ctrl-C, which leaves it as it is. */
export async function follow(handle: ExecutionHandle, options: FollowOptions): Promise<Followed> {
  const { io, showsProgress, before } = options;
  let release = () => {};
  const interrupted = new Promise<Followed>((resolve) => {
    release = io.onInterrupt((signal) => resolve({ interrupted: signal }));
  });
  const ended = handle.result().then((result): Followed => ({ result }));
  const done = new AbortController();
  const watching = showsProgress
    ? openView(options).then((view) => watchProgress(handle, { view, seen: before.visits, done: done.signal }))
    : undefined;
  try {
    return await Promise.race([ended, interrupted]);
  } finally {
    // Left behind by an interrupt, it may still fail; nobody waits for it then.
    ended.catch(() => undefined);
    done.abort();
    await watching;
    release();
  }
}

async function openView({ io, plan, before }: FollowOptions): Promise<ProgressView> {
  const { stderr, stdout } = io;
  const palette = paletteFor(stderr, io.env);
  const endedBefore = before.nodes;
  if (stderr.isTTY !== true || io.env.TERM === 'dumb') {
    return new LineView({ write: (line) => stderr.write(`${line}\n`), palette, plan, endedBefore });
  }
  const { LiveView } = await import('./progress/live-view.ts');
  return new LiveView({ stream: stderr, others: [stdout], palette, plan, endedBefore });
}
