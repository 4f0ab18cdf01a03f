import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { SqliteBlobStore } from '../../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase } from '../../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../../shared/adapters/local/sqlite-table.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { AnswerRoom, placeInOrder } from '../../../shared/executor/answer-room.ts';
import { WorkflowExecutor } from '../../../shared/executor/workflow-executor.ts';
import { defineNode } from '../../../shared/nodes/define-node.ts';
import type { BlobLinks, BlobStore } from '../../../shared/ports/blob-store.ts';
import { Payloads } from '../../../shared/store/payloads.ts';
import { openStore } from '../../../shared/store/store.ts';
import { anExecutionService } from '../../support/factories-service.ts';

const loaded: string[] = [];
afterEach(() => loaded.splice(0));

const blobs: BlobStore = {
  put: async () => undefined,
  get: async (key) => {
    loaded.push(key);
    return Buffer.from(JSON.stringify(key));
  },
};
const links: BlobLinks = {
  link: async ({ key, bytes }) => ({ url: `https://there/${key}`, bytes, expiresAtMs: 1 }),
};

const aRoom = (roomBytes: number) => new AnswerRoom(new Payloads(blobs), { roomBytes, links });
const aBlob = (bytes: number) => ({ blob: 'b'.repeat(bytes - 2), bytes });

it('a value that fits is in the answer, one that does not is linked and not even loaded', async () => {
  const room = aRoom(300);

  expect(await room.place(aBlob(100))).toEqual({ value: 'b'.repeat(98) });
  expect(await room.place({ blob: 'large', bytes: 250 })).toMatchObject({ link: { bytes: 250 } });
  expect(loaded).toHaveLength(1);
});

it('what takes more as text than as JSON counts as text', async () => {
  const room = aRoom(60);

  // 22 bytes of JSON, of which the answer makes 2 + 4 + 20 × 2.
  expect(await room.place({ inline: JSON.stringify('"'.repeat(10)) })).toEqual({ value: '"'.repeat(10) });
  expect(await room.place({ inline: '"ten more b"' })).toBeUndefined();
});

it('there may be no room even for a link, but for what an answer is asked for', async () => {
  const room = aRoom(10);

  expect(await room.place(aBlob(100))).toBeUndefined();
  expect(await room.placeAnyway(aBlob(100))).toMatchObject({ link: { bytes: 100 } });
  expect(await room.placeAnyway({ inline: '"some text"' })).toEqual({ value: 'some text' });
});

it('values are placed in order, up to the first that does not fit', async () => {
  const room = aRoom(70);
  const payloads = ['"a"', `"${'b'.repeat(80)}"`, '"c"'].map((inline) => ({ inline }));

  const placed = await placeInOrder(
    room,
    payloads,
    (payload) => [payload],
    (payload) => room.place(payload),
  );

  expect(placed).toEqual([{ value: 'a' }]);
});

it('without bounds there is room for everything', async () => {
  const room = new AnswerRoom(new Payloads(blobs), undefined);

  expect(await room.place(aBlob(1_000_000))).toEqual({ value: 'b'.repeat(999_998) });
});

const text = defineNode({ type: 'text', execute: () => 'x'.repeat(1_000) });
const fails = defineNode({
  type: 'fails',
  execute: () => {
    throw new Error('on purpose');
  },
});

it('pages of results end where the room does, and go on there; partial results say that there are more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanjoin-test-'));
  const file = join(folder, 'e.db');
  const texts = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((id) => [id, { handler: 'text' }]));
  const nodes = { ...texts, last: { handler: 'fails', dependsOn: Object.keys(texts), input: null } };
  await using executor = new WorkflowExecutor({ database: file, handlers: [text, fails] });
  const { executionId } = await executor.execute({ name: 'paged', nodes }, null);
  const database = openDatabase(file, { mode: 'client', clock: systemClock });
  const bounded = (roomBytes: number) =>
    anExecutionService({
      store: openStore(new SqliteItemTable(database), new SqliteBlobStore(database)),
      clock: systemClock,
      answerBounds: { roomBytes, links },
    });

  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const options = { withOutputs: true, ...(after !== undefined && { after }) };
    const page = await bounded(4_000).results(executionId, options);
    pages.push(page.results.map(({ nodeId }) => nodeId));
    after = page.next;
  } while (after !== undefined);
  const outcome = await bounded(3_000).outcome(executionId);
  database.close();
  rmSync(folder, { recursive: true });

  expect(pages.length).toBeGreaterThan(1);
  expect(pages.flat()).toEqual(['a', 'b', 'c', 'd', 'e', 'last']);
  expect(outcome.hasMorePartialResults).toBe(true);
  expect(Object.keys(outcome.partialResults ?? {}).length).toBeGreaterThan(0);
});
