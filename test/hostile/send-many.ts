import fc from 'fast-check';
import type { ApiAnswer } from './api-in-process.ts';
import type { TrialRange } from './kinds.ts';
import { Tally } from './outcome.ts';
import { FIRST_REQUESTS, type HostileRequest, WARMING_REQUEST } from './request-arbitrary.ts';

/** Requests under way at once. */
const AT_ONCE = 8;
const CHUNK = 500;

export interface SentMany {
  readonly tally: Tally;
  /** Requests that were answered with a server error, or not as the API answers. */
  readonly failures: readonly string[];
}

/** Sends some of the requests that a seed makes: the same seed makes the same ones. */
export async function sendMany(
  requests: fc.Arbitrary<HostileRequest>,
  send: (request: HostileRequest) => Promise<ApiAnswer>,
  { seed, from, count }: TrialRange,
): Promise<SentMany> {
  const tally = new Tally();
  const failures: string[] = [];
  const sendOne = async (request: HostileRequest): Promise<void> => {
    const startedAt = performance.now();
    const shown = JSON.stringify(request).slice(0, 1_000);
    try {
      const { status, code } = await send(request);
      tally.add({ code: code ?? String(status), ms: performance.now() - startedAt }, shown);
      if (status >= 500) failures.push(`${status} ${code}: ${shown}`);
    } catch (error) {
      failures.push(`${error instanceof Error ? error.stack : String(error)}: ${shown}`);
    }
  };
  for (const request of FIRST_REQUESTS) await send(request);
  // What answers has started by now, as often as it answers at once: how long that takes is not the API's.
  await Promise.all(Array.from({ length: AT_ONCE }, () => send(WARMING_REQUEST)));
  for (let sent = 0; sent < count; sent += CHUNK) {
    const chunk = fc.sample(requests, { numRuns: Math.min(CHUNK, count - sent), seed: seed + from + sent });
    const next = chunk.values();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const request of next) await sendOne(request);
      }),
    );
  }
  return { tally, failures };
}
