import * as z from 'zod';
import { runClosedLoop } from '../measure/open-loop.ts';

/** What every contender runs: steps that give back a small value, each durable before what waits for it begins. */
export const CONTESTS = ['chain:10', 'fan-out:100'] as const;
export const Contest = z.enum(CONTESTS);
export type Contest = z.infer<typeof Contest>;

/** What a process that runs a contender is asked for, over Node's channel to a child. */
export const Request = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('alone'), contest: Contest, runs: z.int() }),
  z.object({ kind: z.literal('together'), contest: Contest, atOnce: z.int(), count: z.int() }),
  z.object({ kind: z.literal('close') }),
]);
export type Request = z.infer<typeof Request>;

export const Answer = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('ready'),
    version: z.string(),
    /** How it keeps a step, as it is set here. */
    durability: z.string(),
    /** Of servers it started, whose memory is its own, too. */
    pids: z.array(z.int()),
  }),
  z.object({ kind: z.literal('alone'), milliseconds: z.array(z.number()) }),
  z.object({ kind: z.literal('together'), tookMs: z.number() }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
]);
export type Answer = z.infer<typeof Answer>;

/** A durable executor that is measured beside others. */
export interface Contender {
  readonly version: string;
  readonly durability: string;
  readonly pids: readonly number[];
  /** One execution, to its end. @throws {Error} it did not succeed, or gave something else than it should */
  run(contest: Contest): Promise<void>;
  /** Stops all that it started. */
  close(): Promise<void>;
}

/** Serves as the process of a contender: `node restate.ts`, started with a channel. */
export async function serveContender(open: () => Promise<Contender>): Promise<void> {
  const answer = (message: Answer) => process.send?.(message);
  try {
    const contender = await open();
    const stop = () => void contender.close().finally(() => process.exit());
    // Whoever asked is gone.
    process.once('disconnect', stop);
    process.once('SIGTERM', stop);
    process.on('message', (message) => {
      const request = Request.parse(message);
      if (request.kind === 'close') stop();
      else
        serve(contender, request).then(answer, (error: unknown) => answer({ kind: 'failed', message: String(error) }));
    });
    const { version, durability, pids } = contender;
    answer({ kind: 'ready', version, durability, pids: [...pids] });
  } catch (error) {
    answer({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exitCode = 1;
    process.disconnect();
  }
}

async function serve(contender: Contender, request: Exclude<Request, { kind: 'close' }>): Promise<Answer> {
  if (request.kind === 'together') {
    const { contest, atOnce, count } = request;
    return { kind: 'together', tookMs: await runClosedLoop(count, atOnce, () => contender.run(contest)) };
  }
  const milliseconds: number[] = [];
  for (let run = 0; run < request.runs; run++) {
    const startedMs = performance.now();
    await contender.run(request.contest);
    milliseconds.push(performance.now() - startedMs);
  }
  return { kind: 'alone', milliseconds };
}

/** What a fan-out of 100 gives: its join counts. */
export function assertResult(contest: Contest, result: unknown): void {
  const expected = contest === 'chain:10' ? 'x' : 100;
  if (result !== expected)
    throw new Error(`${contest} gave ${JSON.stringify(result)}, not ${JSON.stringify(expected)}`);
}
