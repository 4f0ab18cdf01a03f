import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/local-stack.md'), 'utf8');
const named = [...page.matchAll(/`([\w/-]+\.test\.ts)(?: › ([^`]+))?`/g)].map(([, file = '', name = '']) => ({
  file,
  name,
}));

describe('the page on the local stack', () => {
  it('names tests that there are', () => {
    const missing = named.filter(
      ({ file, name }) => !readFileSync(join(ROOT, 'test', file), 'utf8').includes(`'${name}'`),
    );

    expect(named.length).toBeGreaterThan(30);
    expect(missing.filter(({ name }) => name !== '')).toEqual([]);
  });

  it('has a source for each of its links', () => {
    const used = [...page.matchAll(/\| (?:\[([\w ]+)\](?:, )?)(?:\[([\w ]+)\])? \|/g)].flatMap(([, ...names]) => names);
    const undefinedLinks = used.filter((name) => name !== undefined && !page.includes(`\n[${name}]: https://`));

    expect(used.length).toBeGreaterThan(30);
    expect(undefinedLinks).toEqual([]);
  });
});
