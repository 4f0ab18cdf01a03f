import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { FunctionActivity } from './function-activity.ts';
import { MAX_INVOCATION_BYTES } from './lambda-limits.ts';
import type { Invocation } from './metering.ts';
import type { FunctionStatus } from './stack-status.ts';
import type { InvocationRequest, InvocationResponse, WorkerMessage, WorkerSettings } from './worker-protocol.ts';

export interface LocalFunctionOptions extends Omit<WorkerSettings, 'thaws'> {
  readonly label: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /** Instances at once; further invocations wait for one. */
  readonly maxWorkers: number;
  /** Invocations at once beyond which it is throttled. Default: none is. */
  readonly reservedConcurrency?: number | undefined;
  /** Hears of each invocation when it is over. Default: nobody. */
  readonly onInvoked?: (invocation: Invocation) => void;
  /** Takes what the function prints, line by line. */
  readonly log: (line: string) => void;
}

/** What became of an invocation. A failed one says why: the function threw, crashed or took too long. */
export type InvocationOutcome =
  | { readonly ok: true; readonly result: unknown }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Of the invocation. Absent: there was none. */
      readonly requestId?: string;
      /** Too many requests: the function was not invoked. */
      readonly isThrottled?: true;
    };

export interface InvokeOptions {
  /** Kills the instance so long after the invocation began, if it still runs. Default: it is not killed. */
  readonly crashAfterMs?: number | undefined;
}

interface Instance {
  readonly worker: Worker;
  readonly thaws: Int32Array;
  /** Settles the invocation it is busy with. */
  settle: ((outcome: InvocationOutcome) => void) | undefined;
  /** What it was started with. */
  readonly options: LocalFunctionOptions;
  /** Why it was ended, if it was. */
  endedBecause: string | undefined;
}

/**
 * A function whose instances are worker threads: each runs one invocation at a time, stands still until the next, and dies
 * with an invocation that takes too long. Its memory bounds the thread's heap of JavaScript; one that grows past it in
 * leaps may take this process down.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
export class LocalFunction {
  readonly label: string;
  #options: LocalFunctionOptions;
  readonly #instances = new Set<Instance>();
  readonly #idle: Instance[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #activity = new FunctionActivity();
  #isStopped = false;

  constructor(options: LocalFunctionOptions) {
    this.label = options.label;
    this.#options = options;
  }

  get arn(): string {
    return this.#options.functionArn;
  }

  /** How often it was invoked. */
  get invocations(): number {
    return this.#activity.invocations;
  }

  get status(): FunctionStatus {
    return this.#activity.status(this.label);
  }

  /** Starts an instance ahead of the first invocation, unless there is one. Resolves when it has loaded, or is gone. */
  async warm(): Promise<void> {
    if (this.#isStopped || this.#instances.size > 0) return;
    const instance = this.#start();
    this.#idle.push(instance);
    await Promise.race([once(instance.worker, 'message'), once(instance.worker, 'exit')]);
  }

  /**
   * Never throws for what the function does. Beyond the reserved concurrency it is throttled; beyond the instances this
   * machine runs, it waits.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
   */
  async invoke(event: unknown, { crashAfterMs }: InvokeOptions = {}): Promise<InvocationOutcome> {
    const text = JSON.stringify(event);
    if (Buffer.byteLength(text) > MAX_INVOCATION_BYTES)
      return { ok: false, reason: `Request must be smaller than ${MAX_INVOCATION_BYTES} bytes` };
    const { reservedConcurrency = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#activity.running >= reservedConcurrency) return this.throttle();
    this.#activity.began();
    const startedMs = performance.now();
    const outcome = await this.#invoke(text, crashAfterMs);
    this.#activity.ended(performance.now() - startedMs, outcome.ok ? undefined : outcome.reason);
    if (!outcome.ok && !this.#isStopped) this.#options.log(`invocation failed: ${outcome.reason}`);
    return outcome;
  }

  /** What becomes of an invocation when there are too many. */
  throttle(): InvocationOutcome {
    this.#activity.throttled();
    return { ok: false, isThrottled: true, reason: 'Rate Exceeded.' };
  }

  async #invoke(event: string, crashAfterMs: number | undefined): Promise<InvocationOutcome> {
    const instance = await this.#acquire();
    if (instance === undefined) return { ok: false, reason: 'the local stack is stopping' };
    const { timeoutSeconds, memoryMb, onInvoked } = this.#options;
    const startedMs = performance.now();
    const requestId = randomUUID();
    const request: InvocationRequest = { requestId, event, deadlineMs: Date.now() + timeoutSeconds * 1_000 };
    const outcome = await new Promise<InvocationOutcome>((resolve) => {
      const timers = [
        setTimeout(
          () => void this.#kill(instance, `Task timed out after ${timeoutSeconds} seconds`),
          timeoutSeconds * 1_000,
        ),
      ];
      if (crashAfterMs !== undefined)
        timers.push(setTimeout(() => void this.#kill(instance, 'the worker was killed'), crashAfterMs));
      instance.settle = (settled) => {
        for (const timer of timers) clearTimeout(timer);
        instance.settle = undefined;
        resolve(settled);
      };
      instance.worker.postMessage(request);
      Atomics.add(instance.thaws, 0, 1);
      Atomics.notify(instance.thaws, 0);
    });
    onInvoked?.({ functionLabel: this.label, memoryMb, event, durationMs: performance.now() - startedMs });
    if (instance.options !== this.#options) await this.#kill(instance, 'there is newer code');
    else if (this.#instances.has(instance)) this.#idle.push(instance);
    this.#waiting.shift()?.();
    return outcome.ok ? outcome : { ...outcome, requestId };
  }

  /** Deploys other code or settings. What runs ends as it began; from now on instances are new. */
  async replace(options: LocalFunctionOptions): Promise<void> {
    this.#options = options;
    await Promise.all(this.#idle.splice(0).map((instance) => this.#kill(instance, 'there is newer code')));
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
    const thaws = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const workerData: WorkerSettings = { file, exportName, functionName, functionArn, memoryMb, thaws };
    const worker = new Worker(new URL(`./function-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData,
      env: { ...env },
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      stdout: true,
      stderr: true,
      execArgv: [],
    });
    const instance: Instance = { worker, thaws, options: this.#options, settle: undefined, endedBecause: undefined };
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
  if (Buffer.byteLength(response.result) > MAX_INVOCATION_BYTES) {
    const reason = `Response payload size exceeded maximum allowed payload size (${MAX_INVOCATION_BYTES} bytes).`;
    return { ok: false, reason };
  }
  return { ok: true, result: JSON.parse(response.result) };
}
