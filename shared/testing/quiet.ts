import { setImmediate } from 'node:timers';

const waiting: (() => void)[] = [];

/**
 * Resolves when nothing in this process can go on by itself but by a timer, or by what comes from outside: no callback
 * and no promise is left to run.
 *
 * One look for all who wait: each would take the others' looks for work to come.
 */
export function quiet(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) look();
  });
}

function look(): void {
  setImmediate(() => {
    if (process.getActiveResourcesInfo().includes('Immediate')) return look();
    for (const resolve of waiting.splice(0)) resolve();
  });
}
