import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import type { Invocation } from './metering.ts';
import type { InvocationRequest, InvocationResponse, WorkerMessage, WorkerSettings } from './worker-protocol.ts';

export interface LocalFunctionOptions extends WorkerSettings {
  readonly label: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /** Instances at once; further invocations wait for one. */
  readonly maxWorkers: number;
  /** Hears of each invocation when it is over. Default: nobody. */
  readonly onInvoked?: (invocation: Invocation) => void;
  /** Takes what the function prints, line by line. */
  readonly log: (line: string) => void;
}

/** What became of an invocation. A failed one says why: the function threw, crashed or took too long. */
export type InvocationOutcome =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly reason: string };

interface Instance {
  readonly worker: Worker;
  /** Settles the invocation it is busy with. */
  settle: ((outcome: InvocationOutcome) => void) | undefined;
  /** Why it was ended, if it was. */
  endedBecause: string | undefined;
}

/**
 * A function whose instances are worker threads: each runs one invocation at a time, is kept for the next, and dies with
 * an invocation that takes too long. Unlike on Lambda an idle instance is not frozen: timers it left behind go on.
 */
export class LocalFunction {
  readonly label: string;
  readonly #options: LocalFunctionOptions;
  readonly #instances = new Set<Instance>();
  readonly #idle: Instance[] = [];
  readonly #waiting: (() => void)[] = [];
  #invocations = 0;
  #isStopped = false;

  constructor(options: LocalFunctionOptions) {
    this.label = options.label;
    this.#options = options;
  }

  /** How often it was invoked. */
  get invocations(): number {
    return this.#invocations;
  }

  /** Starts an instance ahead of the first invocation, unless there is one. Resolves when it has loaded, or is gone. */
  async warm(): Promise<void> {
    if (this.#isStopped || this.#instances.size > 0) return;
    const instance = this.#start();
    this.#idle.push(instance);
    await Promise.race([once(instance.worker, 'message'), once(instance.worker, 'exit')]);
  }

  /** Never throws for what the function does. */
  async invoke(event: unknown): Promise<InvocationOutcome> {
    const instance = await this.#acquire();
    if (instance === undefined) return { ok: false, reason: 'the local stack is stopping' };
    this.#invocations++;
    const { timeoutSeconds, memoryMb, onInvoked } = this.#options;
    const startedMs = performance.now();
    const request: InvocationRequest = {
      requestId: randomUUID(),
      event: JSON.stringify(event),
      deadlineMs: Date.now() + timeoutSeconds * 1_000,
    };
    const outcome = await new Promise<InvocationOutcome>((resolve) => {
      const timer = setTimeout(
        () => void this.#kill(instance, `Task timed out after ${timeoutSeconds} seconds`),
        timeoutSeconds * 1_000,
      );
      instance.settle = (settled) => {
        clearTimeout(timer);
        instance.settle = undefined;
        resolve(settled);
      };
      instance.worker.postMessage(request);
    });
    const durationMs = performance.now() - startedMs;
    onInvoked?.({ functionLabel: this.label, memoryMb, event: request.event, durationMs });
    if (this.#instances.has(instance)) this.#idle.push(instance);
    this.#waiting.shift()?.();
    if (!outcome.ok && !this.#isStopped) this.#options.log(`invocation failed: ${outcome.reason}`);
    return outcome;
  }

  /** Kills a random instance that is busy, in the middle of its invocation. `false`: none is. */
  killBusyWorker(random: () => number = Math.random): boolean {
    const busy = [...this.#instances].filter(({ settle }) => settle !== undefined);
    const instance = busy[Math.floor(random() * busy.length)];
    if (instance === undefined) return false;
    void this.#kill(instance, 'the worker was killed');
    return true;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const instances = [...this.#instances];
    await Promise.all(instances.map((instance) => this.#kill(instance, 'the local stack is stopping')));
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #acquire(): Promise<Instance | undefined> {
    for (;;) {
      if (this.#isStopped) return undefined;
      const idle = this.#idle.pop();
      if (idle !== undefined) return idle;
      if (this.#instances.size < this.#options.maxWorkers) return this.#start();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #start(): Instance {
    const { log, env, memoryMb, file, exportName, functionName, functionArn } = this.#options;
    const workerData: WorkerSettings = { file, exportName, functionName, functionArn, memoryMb };
    const worker = new Worker(new URL('./function-worker.ts', import.meta.url), {
      workerData,
      env: { ...env },
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      stdout: true,
      stderr: true,
      execArgv: [],
    });
    const instance: Instance = { worker, settle: undefined, endedBecause: undefined };
    this.#instances.add(instance);
    for (const output of [worker.stdout, worker.stderr]) createInterface({ input: output }).on('line', log);
    worker.on('message', (message: WorkerMessage) => {
      if (message !== 'loaded') instance.settle?.(toOutcome(message));
    });
    worker.on('error', (error) => {
      instance.endedBecause ??= `the function crashed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    });
    // Comes after an error too. Only now nothing of the invocation goes on.
    worker.on('exit', (code) => this.#lose(instance, instance.endedBecause ?? `the function exited with code ${code}`));
    return instance;
  }

  async #kill(instance: Instance, reason: string): Promise<void> {
    instance.endedBecause ??= reason;
    await instance.worker.terminate();
  }

  #lose(instance: Instance, reason: string): void {
    this.#instances.delete(instance);
    const at = this.#idle.indexOf(instance);
    if (at >= 0) this.#idle.splice(at, 1);
    instance.settle?.({ ok: false, reason });
  }
}

function toOutcome(response: InvocationResponse): InvocationOutcome {
  if ('error' in response) return { ok: false, reason: response.error.stack };
  return { ok: true, result: JSON.parse(response.result) };
}
