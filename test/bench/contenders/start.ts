import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { Answer, type Request } from './contender.ts';

/** A contender in a process of its own. */
export class RunningContender {
  readonly name: string;
  readonly version: string;
  readonly durability: string;
  readonly #process: ChildProcess;
  readonly #pids: readonly number[];

  private constructor(name: string, process: ChildProcess, ready: Extract<Answer, { kind: 'ready' }>) {
    this.name = name;
    this.version = ready.version;
    this.durability = ready.durability;
    this.#process = process;
    this.#pids = ready.pids;
  }

  /**
   * @param script that serves it, started with `words`
   * @throws {Error} it cannot run here: not installed, a server that does not start
   */
  static async start(name: string, script: string, words: readonly string[]): Promise<RunningContender> {
    const child = fork(script, [...words], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let printed = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-2_000);
    });
    const ready = await nextAnswer(child, () => printed);
    if (ready.kind !== 'ready') throw new Error(`${name} answered ${ready.kind} before it was asked`);
    return new RunningContender(name, child, ready);
  }

  /** Milliseconds of each of `runs` executions, one after another. */
  async alone(contest: Extract<Request, { kind: 'alone' }>['contest'], runs: number): Promise<readonly number[]> {
    const answer = await this.#ask({ kind: 'alone', contest, runs });
    if (answer.kind !== 'alone') throw new Error(`${this.name} answered ${answer.kind}`);
    return answer.milliseconds;
  }

  /** Milliseconds that `count` executions took, `atOnce` at any time. */
  async together(
    contest: Extract<Request, { kind: 'together' }>['contest'],
    { atOnce, count }: { readonly atOnce: number; readonly count: number },
  ): Promise<number> {
    const answer = await this.#ask({ kind: 'together', contest, atOnce, count });
    if (answer.kind !== 'together') throw new Error(`${this.name} answered ${answer.kind}`);
    return answer.tookMs;
  }

  /** Of its process and its servers with all theirs; what several share is counted once. */
  async memoryMb(): Promise<number> {
    const pids = [this.#process.pid ?? 0, ...this.#pids];
    const all = new Set((await Promise.all(pids.map(withChildren))).flat());
    const sizes = await Promise.all([...all].map(proportionalKb));
    return sizes.reduce((sum, size) => sum + size, 0) / 1_024;
  }

  /** Stops its process, which stops its servers. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.send({ kind: 'close' } satisfies Request);
    await gone;
  }

  #ask(request: Request): Promise<Answer> {
    const answer = nextAnswer(this.#process, () => '');
    this.#process.send(request);
    return answer;
  }
}

/** @throws {Error} it failed, or ended */
function nextAnswer(child: ChildProcess, printed: () => string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error(`The process ended: ${printed().trim() || 'it said nothing'}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      const answer = Answer.parse(message);
      if (answer.kind === 'failed') reject(new Error(answer.message));
      else resolve(answer);
    });
  });
}

async function withChildren(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  const children = lists.flatMap((list) => list.trim().split(' ').filter(Boolean).map(Number));
  return [pid, ...(await Promise.all(children.map(withChildren))).flat()];
}

async function proportionalKb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
}
