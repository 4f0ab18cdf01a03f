import { describe, expect, it } from 'vitest';
import { BoundedCache } from '../../../shared/store/bounded-cache.ts';

/** A cache, how often each key was loaded, and a way to ask for one. */
function aCache(bound: number) {
  const cache = new BoundedCache<string>({ bound, weigh: ({ length }) => length });
  const loads: string[] = [];
  const get = (key: string, value = key) =>
    cache.get(key, async () => {
      loads.push(key);
      return value;
    });
  return { cache, get, loads };
}

describe('a bounded cache', () => {
  it('loads a value once, also for those who ask while it is being loaded', async () => {
    const { get, loads } = aCache(100);

    const values = await Promise.all([get('a'), get('a')]);
    values.push(await get('a'));

    expect(values).toEqual(['a', 'a', 'a']);
    expect(loads).toEqual(['a']);
  });

  it('forgets what was not used for longest, once all together weigh too much', async () => {
    const { get, loads } = aCache(20);
    for (const key of ['a', 'b', 'c', 'd']) await get(key, key.repeat(5));
    await get('a');

    await get('e', 'eeeee');
    for (const key of ['a', 'c', 'd', 'e', 'b']) await get(key);

    expect(loads).toEqual(['a', 'b', 'c', 'd', 'e', 'b']);
  });

  it('does not keep what would push out most of the others', async () => {
    const { get, loads } = aCache(20);
    await get('a');

    await get('large', 'x'.repeat(6));
    await get('large', 'x'.repeat(6));
    await get('a');

    expect(loads).toEqual(['a', 'large', 'large']);
  });

  it('asks again after a load that failed', async () => {
    const { cache, get } = aCache(20);

    const failed = cache.get('a', () => Promise.reject(new Error('not now')));

    await expect(failed).rejects.toThrow('not now');
    expect(await get('a')).toBe('a');
  });
});
