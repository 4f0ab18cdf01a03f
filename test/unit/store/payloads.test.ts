import { describe, expect, it } from 'vitest';
import { itemSizeBytes } from '../../../shared/adapters/local/item-size.ts';
import type { Json } from '../../../shared/model/json.ts';
import { LIMITS } from '../../../shared/model/limits.ts';
import { Payload } from '../../../shared/model/result.ts';
import { ANY_VERSION, PACKING_VERSION } from '../../../shared/model/schema-version.ts';
import { bytesInItem, Payloads, versionOf } from '../../../shared/store/payloads.ts';
import { seededRandom } from '../../../shared/testing/seeded-random.ts';
import { MemoryBlobs } from '../../simulation/memory-blobs.ts';
import { MemoryTable } from '../../simulation/memory-table.ts';
import { atOnce } from '../../simulation/ports.ts';

const aStore = (packs: boolean) => {
  const { blobs } = atOnce(new MemoryTable(), new MemoryBlobs());
  return new Payloads(blobs, { packs });
};
const orders = (count: number): Json =>
  Array.from({ length: count }, (_, n) => ({ orderId: `ord-${n * 7919}`, customer: { country: 'JP' }, quantity: n }));
const noise = (characters: number): Json => {
  const random = seededRandom(1);
  return Array.from({ length: characters }, () => Math.floor(random() * 16).toString(16)).join('');
};
const kindOf = (payload: Payload) => Object.keys(payload)[0];

describe('a value that is kept where writes are billed by the kilobyte', () => {
  it('is packed, and comes back as it was', async () => {
    const payloads = aStore(true);
    const value = orders(60);

    const kept = await payloads.save(value, 'folder');

    expect(kindOf(kept)).toBe('packed');
    expect(await payloads.load(kept)).toEqual(value);
  });

  it('takes fewer write units in its item than it would as text', async () => {
    const text = JSON.stringify(orders(60));

    const kept = await aStore(true).saveText(text, 'folder');

    const unitsOf = (output: Payload) => Math.ceil(itemSizeBytes({ pk: 'EXEC#1', sk: 'RESULT#a', output }) / 1_024);
    expect([unitsOf(kept), unitsOf({ inline: text })]).toEqual([1, 4]);
    expect(bytesInItem(kept)).toBeLessThan(1_024);
  });

  it.each([
    ['whose item is one unit as it is', orders(10), 'inline'],
    ['that would save nothing', noise(1_500), 'inline'],
    ['over 8 KB that packed is not', orders(700), 'packed'],
    ['that is over 8 KB even so', noise(40_000), 'blob'],
    ['that would be too large to hold many of', 'x'.repeat(LIMITS.packedPayloadBytes), 'blob'],
  ])('stands where it is cheapest: one %s', async (_which, value, kind) => {
    const payloads = aStore(true);

    const kept = await payloads.save(value, 'folder');

    expect(kindOf(kept)).toBe(kind);
    expect(await payloads.load(kept)).toEqual(value);
  });

  it('goes where it is cheaper sooner, if its item is written twice', async () => {
    const payloads = aStore(true);
    const value = orders(700);

    const kept = await payloads.save(value, 'folder', { writes: 2 });

    expect([kindOf(kept), kindOf(await payloads.save(value, 'folder'))]).toEqual(['blob', 'packed']);
  });

  it('is packed however often its item is written, if it stands there in any case', async () => {
    const value = noise(8_000);

    const kept = await aStore(true).save(value, 'folder', { writes: 2 });

    expect(kindOf(kept)).toBe('packed');
    expect(bytesInItem(kept)).toBeGreaterThan(LIMITS.inlinePayloadBytes / 2);
  });

  it('is counted in bytes of UTF-8', async () => {
    const text = JSON.stringify('ü'.repeat(2_000));

    const kept = await aStore(true).saveText(text, 'folder');

    expect(kept).toMatchObject({ bytes: Buffer.byteLength(text) });
    expect(await aStore(true).loadText(kept)).toBe(text);
  });

  it('is text in a message', async () => {
    const kept = await aStore(true).saveText(JSON.stringify(orders(60)), 'folder', { packs: false });

    expect(Payload.parse(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  });

  it('says so to code that cannot unpack it', async () => {
    const [small, packed] = await Promise.all(
      [orders(1), orders(60)].map((value) => aStore(true).save(value, 'folder')),
    );

    expect([versionOf(small, undefined), versionOf(small, packed)]).toEqual([ANY_VERSION, PACKING_VERSION]);
  });
});

describe('a value that is kept where writes cost the same', () => {
  it('stands as text, and one that elsewhere was packed is read', async () => {
    const value = orders(60);
    const packed = await aStore(true).save(value, 'folder');

    const kept = await aStore(false).save(value, 'folder');

    expect(kindOf(kept)).toBe('inline');
    expect(await aStore(false).load(packed)).toEqual(value);
  });
});
