import * as z from 'zod';
import { zodIssues } from '../../shared/core/compile.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import { MAX_WAIT_SECONDS } from '../../shared/executor/follow-events.ts';
import { ListRequest } from '../../shared/executor/listing.ts';

const limit = z.coerce.number().int().min(1).max(1_000);
const timeMs = z.coerce.number().min(0);

/** Of `GET /executions/{executionId}/results`. */
export const ResultsQuery = z.strictObject({
  after: z.string().startsWith('RESULT#').exactOptional(),
  limit: limit.default(1_000),
  outputs: z.union([z.literal('inline'), z.stringbool()]).default(false),
});

/** Of `GET /executions/{executionId}/events`. */
export const EventsQuery = z.strictObject({
  after: z.string().exactOptional(),
  limit: limit.exactOptional(),
  /** With no events there yet, the answer waits so long for some. */
  waitSeconds: z.coerce.number().min(0).max(MAX_WAIT_SECONDS).default(0),
});

/** Of `GET /executions`. */
export const ListQuery = ListRequest.extend({ limit: limit.default(100), fromMs: timeMs.exactOptional() });

/** Of `GET /workflows/{workflow}/metrics`. */
export const MetricsQuery = z.strictObject({ fromMs: timeMs.exactOptional(), toMs: timeMs.exactOptional() });

/** @throws {InvalidInputError} */
export function parseQuery<T>(schema: z.ZodType<T>, parameters: Readonly<Record<string, string | undefined>> = {}): T {
  const query = schema.safeParse(parameters);
  if (!query.success) throw new InvalidInputError('The query', zodIssues(query.error));
  return query.data;
}
