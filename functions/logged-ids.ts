import * as z from 'zod';

/** As much of a message as log lines name it by; also of one that is no message. */
const Ids = z
  .object({ executionId: z.string(), node: z.string(), visit: z.int(), run: z.int(), attempt: z.int() })
  .partial();

/** What a message is about, for a log line: `executionId`, `nodeId`, … as far as it says so. */
export function loggedIds(message: unknown): Readonly<Record<string, unknown>> {
  const { node: nodeId, ...ids } = Ids.catch({}).parse(message);
  return { ...ids, ...(nodeId !== undefined && { nodeId }) };
}

/** The same of a message's body, whatever that is. */
export function loggedIdsIn(body: string): Readonly<Record<string, unknown>> {
  try {
    return loggedIds(JSON.parse(body));
  } catch {
    return {};
  }
}
