import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type InputOf, type JobName, limitsOf, type OutputOf } from './jobs.ts';

const PROCESS = fileURLToPath(new URL('./job-process.ts', import.meta.url));

/** How a job ended. `ms`: how long it took, without its time in the queue. */
export type Done<T> = { readonly ms: number } & ({ readonly output: T } | { readonly failure: string });

/** Does jobs in processes of their own, so many at once, in the order in which they were given. */
export class JobPool {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async run<Name extends JobName>(name: Name, input: InputOf<Name>): Promise<Done<OutputOf<Name>>> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    const beganMs = performance.now();
    try {
      const end = await inProcess(name, input);
      return { ...end, ms: performance.now() - beganMs };
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

type End<T> = { readonly output: T } | { readonly failure: string };

function inProcess<Name extends JobName>(name: Name, input: InputOf<Name>): Promise<End<OutputOf<Name>>> {
  const { minutes, options } = limitsOf(name);
  const child = fork(PROCESS, {
    execArgv: [...options],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    timeout: minutes * 60_000,
    killSignal: 'SIGKILL',
  });
  let end: End<OutputOf<Name>> | undefined;
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2_000);
  });
  // What it sends is what its job gave.
  child.on('message', (message: { readonly output: OutputOf<Name> }) => {
    end = message;
  });
  child.send({ name, input });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const how = signal === null ? `ended with code ${code}` : `was ended by ${signal} (it has ${minutes} minutes)`;
      resolve(end ?? { failure: `${name} ${JSON.stringify(input)} ${how}: ${errors.trim()}` });
    });
  });
}
