import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const MAIN = join(ROOT, 'cli/main.ts');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary directory with the `fanjoin` processes started in it; dispose of it to end and remove all. */
export class CliSandbox implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'fanjoin-cli-'));
  readonly #processes: CliProcess[] = [];

  path(...names: readonly string[]): string {
    return join(this.directory, ...names);
  }

  start(args: readonly string[], options: { env?: Record<string, string>; input?: string } = {}): CliProcess {
    const process = new CliProcess(args, this.directory, options);
    this.#processes.push(process);
    return process;
  }

  run(args: readonly string[], options: { env?: Record<string, string>; input?: string } = {}): Promise<Finished> {
    return this.start(args, options).finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) process.kill('SIGKILL');
    await Promise.all(this.#processes.map(({ finished }) => finished));
    rmSync(this.directory, { recursive: true });
  }
}

/** One `fanjoin` in a process of its own, its streams piped. */
export class CliProcess {
  readonly finished: Promise<Finished>;
  readonly #child: ChildProcess;
  readonly #waiters = new Set<() => void>();
  #stdout = '';
  #stderr = '';
  #isClosed = false;

  constructor(
    args: readonly string[],
    cwd: string,
    { env = {}, input = '' }: { env?: Record<string, string>; input?: string },
  ) {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
    this.#child = child;
    child.stdin.end(input);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      for (const wake of this.#waiters) wake();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      for (const wake of this.#waiters) wake();
    });
    this.finished = new Promise((resolve) => {
      child.on('close', (code) => {
        this.#isClosed = true;
        for (const wake of this.#waiters) wake();
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when stderr holds `text`. @throws if the process ends without it */
  untilStderr(text: string): Promise<void> {
    return this.#until(text, () => this.#stderr);
  }

  /** The same of stdout. */
  untilStdout(text: string): Promise<void> {
    return this.#until(text, () => this.#stdout);
  }

  async #until(text: string, printed: () => string): Promise<void> {
    while (!printed().includes(text)) {
      if (this.#isClosed) throw new Error(`fanjoin ended without '${text}':\n${printed()}\n${this.#stderr}`);
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiters.delete(wake);
          resolve();
        };
        this.#waiters.add(wake);
      });
    }
  }
}
