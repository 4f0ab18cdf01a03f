import type { Executions, StartInput } from '../executor/executions.ts';
import { LocalEngine } from '../executor/local-engine.ts';
import type { LocalEngineOptions } from '../executor/local-engine-options.ts';
import type { Script } from './script.ts';
import type { TimeDriver } from './test-clock.ts';

/** The local engine, with handlers called as the test's script says. */
export class ScriptedEngine extends LocalEngine {
  readonly #script: Script;
  readonly #options: LocalEngineOptions;

  constructor(options: LocalEngineOptions, script: Script) {
    super({ ...options, attempt: script.attempt });
    this.#script = script;
    this.#options = options;
  }

  override async start(request: StartInput): Promise<{ executionId: string }> {
    this.#script.prepare(request.definition, this.#options.handlers);
    return super.start(request);
  }
}

/** The same executions; time goes on while one of their methods is waited for. */
export function driven(executions: Executions, time: TimeDriver): Executions {
  return new Proxy(executions, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => time.during(async () => Reflect.apply(member, target, args));
    },
  });
}
