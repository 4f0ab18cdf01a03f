import { compile } from '../core/compile.ts';
import { toJson } from '../core/json.ts';
import type { Plan } from '../core/plan.ts';

const PLANS_KEPT = 100;
/** Of their definitions: what is larger is compiled each time. */
const CHARACTERS_KEPT = 16_000_000;

/** Definitions that were compiled before, by their text: most are started again and again. */
export class CompiledDefinitions {
  readonly #plans = new Map<string, Plan>();
  #characters = 0;

  /** @throws {InvalidDefinitionError} as `compile` does */
  compile(source: unknown): Plan {
    const text = textOf(source);
    const known = text === undefined ? undefined : this.#plans.get(text);
    if (known !== undefined) return known;
    const plan = compile(source);
    if (text !== undefined) this.#keep(text, plan);
    return plan;
  }

  #keep(text: string, plan: Plan): void {
    this.#plans.set(text, plan);
    this.#characters += text.length;
    for (const oldest of this.#plans.keys()) {
      if (this.#plans.size <= PLANS_KEPT && this.#characters <= CHARACTERS_KEPT) break;
      this.#plans.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}

/** `undefined`: it is not JSON, which `compile` says better. Two with one text are one definition only if both are. */
function textOf(source: unknown): string | undefined {
  try {
    return JSON.stringify(toJson(source, 'the definition', 'write'));
  } catch {
    return undefined;
  }
}
