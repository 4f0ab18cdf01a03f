import { Duration } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { type PoolProps, poolSettings } from '../../infra/constructs/pool-settings.ts';

const settings = (pools: Readonly<Record<string, PoolProps>>, runner: { memorySize?: number } = {}) =>
  poolSettings({ pools, defaultConcurrency: 50, memorySize: 1_024, timeout: Duration.minutes(5), ...runner });

describe('pools of the construct', () => {
  it('take what they do not say from the node runner, and have a function of their own where they say otherwise', () => {
    const [first, images, small] = settings({ images: { memorySize: 10_240 }, small: { size: 2 } });

    expect(first).toMatchObject({ name: 'default', memorySize: 1_024, hasOwnRunner: false });
    expect(images).toMatchObject({ memorySize: 10_240, hasOwnRunner: true, timeout: Duration.minutes(5) });
    expect(small).toMatchObject({ memorySize: 1_024, hasOwnRunner: false, concurrency: { maxConcurrency: 2 } });
  });

  it.each([
    [{ 'A B': {} }, /^A named pool cannot be called 'A B'/],
    [{ default: {} }, /^A named pool cannot be called 'default'/],
    [{ images: { size: 1 } }, /^The pool 'images' has the size 1:/],
    [{ images: { memorySize: 64 } }, /^The pool 'images' has 64 MB of memory: .*128 MB at the least/],
    [{ images: { memorySize: 1_024.5 } }, /^The pool 'images' has 1024\.5 MB of memory/],
    [{ images: { timeout: Duration.minutes(16) } }, /^The pool 'images' has a timeout of 960 s/],
  ])('are refused where Lambda would not take them: %j', (pools, message) => {
    expect(() => settings(pools)).toThrow(message);
  });

  it('are refused with a node runner that Lambda would not take', () => {
    expect(() => settings({}, { memorySize: 10_241 })).toThrow(/^The pool 'default' has 10241 MB of memory/);
  });
});
