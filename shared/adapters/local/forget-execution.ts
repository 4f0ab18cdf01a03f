import { decodeItem } from './item-encoding.ts';
import { PARTS_PER_BLOB } from './sqlite-blobs.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/**
 * Deletes all items of an execution and its blobs, if it ended before a time; one that was redriven meanwhile stays. Nobody
 * hears of it: an execution that is gone concerns nobody. What another item still points to (a cached output, what a later
 * execution took over with a checkpoint) stays where it is.
 */
export function forgetExecution(
  database: SqliteDatabase,
  executionId: string,
  endedBeforeMs: number,
): Promise<boolean> {
  return database.write(() => {
    const pk = `EXEC#${executionId}`;
    const row = database.statement("SELECT item FROM items WHERE pk = ? AND sk = 'META'").get(pk);
    const endedAtMs = row === undefined ? undefined : decodeItem(String(row.item)).endedAtMs;
    if (typeof endedAtMs !== 'number' || endedAtMs >= endedBeforeMs) return false;
    database.statement('DELETE FROM items WHERE pk = ?').run(pk);
    const folder = `executions/${executionId}/`;
    const blobs = database.statement('SELECT id FROM blobs WHERE key >= ? AND key < ?').all(...within(folder));
    if (blobs.length === 0 || isReferredTo(database, folder)) return true;
    for (const { id } of blobs) {
      const first = Number(id) * PARTS_PER_BLOB;
      database.statement('DELETE FROM blob_parts WHERE id >= ? AND id < ?').run(first, first + PARTS_PER_BLOB);
      database.statement('DELETE FROM blobs WHERE id = ?').run(id ?? null);
    }
    return true;
  });
}

/** The keys of a folder: `/` is followed by `0`. */
const within = (folder: string): [from: string, to: string] => [folder, folder.replace(/\/$/, '0')];

/** Reads all that there is; only executions with large values ask for it. */
const isReferredTo = (database: SqliteDatabase, folder: string): boolean =>
  database.statement('SELECT 1 FROM items WHERE instr(item, ?) > 0 LIMIT 1').get(folder) !== undefined;
