import { aTask } from './factories.ts';
import { aRunnerBench, type BenchOptions } from './factories-runner.ts';

export const VALUE = 'cnry-7f3a9c51b2d4e6';
export const OTHER = 'cnry-other-0cc175b9c0f1';
export const TOKEN = { $secret: 'key' };
export const secrets = { key: VALUE, other: OTHER };

/** A node `a` whose handler `h` is given the secret as `token`. */
export const aSecretBench = (
  h: NonNullable<BenchOptions['handlers']>[string],
  task = {},
  options: Partial<BenchOptions> = {},
) =>
  aRunnerBench({
    nodes: { a: aTask({ handler: 'h', input: { token: TOKEN }, ...task }) },
    handlers: { h },
    secrets,
    ...options,
  });
