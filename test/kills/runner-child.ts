import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Job, Phase } from './job.ts';

const PROCESS = fileURLToPath(new URL('./runner-process.ts', import.meta.url));

export interface RunnerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** A runner process, seen from outside. */
export class RunnerChild {
  readonly exit: Promise<RunnerExit>;
  readonly #child: ChildProcess;
  readonly #reached = new Map<string, PromiseWithResolvers<boolean>>();
  readonly #spawnedAtMs = Date.now();
  #stdout = '';
  #stderr = '';

  /** @param identity the user it runs as. Default: this one */
  constructor(job: Job, identity: { readonly uid?: number; readonly gid?: number } = {}) {
    this.#child = spawn(process.execPath, [PROCESS, JSON.stringify(job)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...identity,
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.exit = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        for (const { resolve: settle } of this.#reached.values()) settle(false);
        resolve({ code, signal, stderr: this.#stderr });
      });
    });
    void this.exit.then(() => this.#reached.clear());
  }

  get ageMs(): number {
    return Date.now() - this.#spawnedAtMs;
  }

  /** Resolves when it is so far; `false`: it ended before. */
  async reaches(phase: Phase): Promise<boolean> {
    if (this.#stdout.includes(`${phase}\n`)) return true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      await this.exit;
      return this.#stdout.includes(`${phase}\n`);
    }
    const waiting = this.#reached.get(phase) ?? Promise.withResolvers<boolean>();
    this.#reached.set(phase, waiting);
    return waiting.promise;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The furthest phase it told of. */
  get phase(): string {
    return this.#stdout.trimEnd().split('\n').at(-1) ?? '';
  }

  #hear(text: string): void {
    this.#stdout += text;
    for (const [phase, { resolve }] of this.#reached) if (this.#stdout.includes(`${phase}\n`)) resolve(true);
  }
}
