import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CliProcess, CliSandbox, type Finished, ROOT } from '../unit/cli/cli-process.ts';
import { killWorkload } from './workload.ts';

const HANDLERS = join(ROOT, 'test/support/generic-handlers-entry.ts');

/** The workload as files, and `fanjoin` to run it with. */
export class CliWorkload implements AsyncDisposable {
  readonly id = 'kept';
  readonly name: string;
  readonly #sandbox = new CliSandbox();

  constructor(seed: number, nodes: number) {
    const { definition, input } = killWorkload(seed, nodes);
    this.name = definition.name;
    writeFileSync(this.#sandbox.path('workflow.json'), JSON.stringify(definition));
    writeFileSync(this.#sandbox.path('input.json'), JSON.stringify(input));
  }

  start(database: string): CliProcess {
    const files = ['workflow.json', '--input', '@input.json', '--handlers', HANDLERS];
    return this.#sandbox.start(['run', ...files, '--id', this.id, '--database', database]);
  }

  run(database: string): Promise<Finished> {
    return this.start(database).finished;
  }

  resume(database: string): Promise<Finished> {
    return this.#sandbox.run(['resume', this.id, '--database', database]);
  }

  /** Where a database may lie that need not lie elsewhere. */
  path(name: string): string {
    return this.#sandbox.path(name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sandbox[Symbol.asyncDispose]();
  }
}
