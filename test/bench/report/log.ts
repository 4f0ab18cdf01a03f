import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

/** What people write down beside the figures: `log.json`. */
export const Log = z.strictObject({
  /** Latest first. */
  changes: z.array(
    z.strictObject({
      date: z.iso.date(),
      change: z.string(),
      measure: z.string(),
      before: z.string(),
      after: z.string(),
    }),
  ),
  /** Why a goal is not met and what was tried, by its id. */
  reasons: z.record(z.string(), z.string()),
});
export type Log = z.infer<typeof Log>;

export const LOG_FILE = join(import.meta.dirname, '../log.json');

export const readLog = async (): Promise<Log> => Log.parse(JSON.parse(await readFile(LOG_FILE, 'utf8')));
