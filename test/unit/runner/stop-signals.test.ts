import { expect, it } from 'vitest';
import { sleep } from '../../../shared/ports/clock.ts';
import { StopSignals } from '../../../shared/runner/stop-signals.ts';
import { aTask } from '../../support/factories.ts';
import { aRunnerBench } from '../../support/factories-runner.ts';

it('flags are read by one chain of looks, though a handler begins while one is under way and none runs', async () => {
  const { clock, store, meta } = await aRunnerBench({ nodes: { a: aTask() } });
  const started = await meta();
  const { executions } = store;
  const loadMeta = executions.loadMeta.bind(executions);
  let reads = 0;
  executions.loadMeta = async (executionId) => {
    reads++;
    await sleep(clock, 500);
    return loadMeta(executionId);
  };
  const signals = new StopSignals(executions, clock);
  // The first look lasts from 2,000 to 2,500 ms.
  void signals.during(started, () => sleep(clock, 2_100));
  clock.after(2_200, () => void signals.during(started, () => sleep(clock, 60_000)));

  await clock.pass(27_500);

  // One at 2,000 ms, then one each 2,500 ms.
  expect(reads).toBe(11);
});

it('a handler is not aborted by its deadline before the stop is durable', async () => {
  const { clock, store, meta } = await aRunnerBench({ nodes: { a: aTask() }, config: { timeoutSeconds: 1 } });
  const { executions } = store;
  const requestStop = executions.requestStop.bind(executions);
  executions.requestStop = async (...request) => {
    await sleep(clock, 700);
    return requestStop(...request);
  };
  const started = await meta();
  const signals = new StopSignals(executions, clock);
  let stopAtAbort: unknown;
  void signals.during(started, async (signal) => {
    signal.addEventListener('abort', async () => {
      stopAtAbort = (await meta()).stop?.reason;
    });
    await sleep(clock, 5_000, signal);
  });

  await clock.pass(1_600);
  const before = stopAtAbort;
  await clock.pass(400);

  expect(before).toBeUndefined();
  expect(stopAtAbort).toBe('TIMED_OUT');
});

it('a redriven run has a signal of its own, and what the run before left behind is aborted', async () => {
  const { clock, store, meta } = await aRunnerBench({ nodes: { a: aTask() } });
  const signals = new StopSignals(store.executions, clock);
  const started = await meta();
  const given: AbortSignal[] = [];
  const hold = async (signal: AbortSignal) => {
    given.push(signal);
    await sleep(clock, 5_000);
  };
  void signals.during(started, hold);

  void signals.during({ ...started, run: 2 }, hold);
  void signals.during({ ...started, run: 2 }, hold);
  void signals.during(started, hold);

  const [before, after, beside, late] = given;
  expect([before?.aborted, after?.aborted, late?.aborted]).toEqual([true, false, true]);
  expect(beside).toBe(after);
});
