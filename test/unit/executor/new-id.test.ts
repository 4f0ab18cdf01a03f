import { expect, it } from 'vitest';
import { newId } from '../../../shared/executor/new-id.ts';

it('ids of one instant differ, use all characters, and sort by time', () => {
  const ids = Array.from({ length: 2_000 }, () => newId(1_700_000_000_000));

  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(ids.flatMap((id) => [...id.slice(10)])).size).toBe(32);
  expect(newId(1_700_000_000_001) > (ids.toSorted().at(-1) ?? '')).toBe(true);
});
