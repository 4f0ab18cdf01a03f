import type { BlobStore, ByteRange } from '../../ports/blob-store.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

const PART_BYTES = 262_144;
/** Part `n` of blob `id` is row `id * PARTS_PER_BLOB + n`: the primary key serves as index, and parts lie in order. */
export const PARTS_PER_BLOB = 1_048_576;

/** Blobs in a SQLite file, in parts of 256 KB: reading a range touches only its parts. */
export class SqliteBlobStore implements BlobStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** `body` must stay as it is until the promise resolves. */
  async put(key: string, body: Uint8Array): Promise<void> {
    await this.#database.write(() => {
      const standing = this.#find(key);
      if (standing !== undefined) {
        const first = standing.id * PARTS_PER_BLOB;
        this.#database.statement('DELETE FROM blob_parts WHERE id >= ? AND id < ?').run(first, first + PARTS_PER_BLOB);
        this.#database.statement('UPDATE blobs SET size = ? WHERE id = ?').run(body.byteLength, standing.id);
        this.#insertParts(standing.id, body);
        return;
      }
      const { lastInsertRowid } = this.#database
        .statement('INSERT INTO blobs (key, size) VALUES (?, ?)')
        .run(key, body.byteLength);
      this.#insertParts(Number(lastInsertRowid), body);
    });
  }

  async get(key: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    return this.#database.read(() => {
      const blob = this.#find(key);
      if (blob === undefined) return undefined;
      const start = Math.min(range?.start ?? 0, blob.size);
      const end = Math.min(range === undefined ? blob.size : range.start + range.length, blob.size);
      return this.#readParts(blob.id, start, end);
    });
  }

  #find(key: string): { id: number; size: number } | undefined {
    const row = this.#database.statement('SELECT id, size FROM blobs WHERE key = ?').get(key);
    return row === undefined ? undefined : { id: Number(row.id), size: Number(row.size) };
  }

  #insertParts(id: number, body: Uint8Array): void {
    const insert = this.#database.statement('INSERT INTO blob_parts (id, body) VALUES (?, ?)');
    for (let start = 0; start < body.byteLength; start += PART_BYTES) {
      insert.run(id * PARTS_PER_BLOB + start / PART_BYTES, body.subarray(start, start + PART_BYTES));
    }
  }

  #readParts(id: number, start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(end - start);
    if (end === start) return bytes;
    const first = Math.floor(start / PART_BYTES);
    const last = Math.floor((end - 1) / PART_BYTES);
    const select = this.#database.statement('SELECT body FROM blob_parts WHERE id = ?');
    for (let part = first; part <= last; part++) {
      const body = select.get(id * PARTS_PER_BLOB + part)?.body;
      if (!(body instanceof Uint8Array)) continue;
      const partStart = part * PART_BYTES;
      const from = Math.max(start - partStart, 0);
      bytes.set(body.subarray(from, end - partStart), partStart + from - start);
    }
    return bytes;
  }
}
