import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, 'main.ts');

function simulated(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

it('tells how it is used', () => {
  const { status, stdout, stderr } = simulated('--help');

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('npm run simulate -- --seed N');
});

it.each([
  [['--sneeds', '5'], "Unknown option '--sneeds'"],
  [['--seed'], "Option '--seed <value>' argument missing"],
  [['--seed', 'x'], "--seed takes a number from 0, not 'x'"],
  [['--seed', '1', '--advance', 'sideways'], "--advance takes eager or stream, not 'sideways'"],
  [['--mutant', 'none-such'], "There is no mutant 'none-such'"],
  [[], 'It was not said what to run'],
])('says what is wrong with %j, and ends with 2', (args, says) => {
  const { status, stdout, stderr } = simulated(...args);

  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr.split('\n')[0]).toContain(says);
  expect(stderr).not.toContain('    at ');
});
