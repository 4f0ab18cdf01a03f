import { didYouMean } from '../closest.ts';
import { compile } from '../core/compile.ts';
import { findNode, type Plan, requiredHandlers } from '../core/plan.ts';
import { FanjoinError } from '../errors.ts';
import type { MomentName } from './moments.ts';

/** The workflows a test runs: what its names can mean. */
export class KnownWorkflows {
  readonly #plans = new Map<string, Plan>();
  readonly #registeredTypes: () => readonly string[];

  /** @param registeredTypes types of the handlers that are registered by now */
  constructor(registeredTypes: () => readonly string[]) {
    this.#registeredTypes = registeredTypes;
  }

  /** @throws {InvalidDefinitionError} */
  add(definition: unknown): Plan {
    const plan = compile(definition);
    this.#plans.set(plan.hash, plan);
    return plan;
  }

  /** @throws {FanjoinError} `TEST_UNKNOWN_NAME`, `TEST_NO_HANDLER`: it is no node, or one whose start nobody sees */
  assertMoment(id: string, moment: MomentName): void {
    if (moment === 'starts') this.assertHandled(id, "'when'");
    else this.#assertNode(id, "'when'");
  }

  /** @throws {FanjoinError} `TEST_UNKNOWN_NAME`, `TEST_NO_HANDLER`: it is no node, or one without a handler */
  assertHandled(id: string, where: string): void {
    this.#assertNode(id, where);
    if (!this.#handledIds.has(id)) throw this.#withoutHandler(id, where);
  }

  /** @throws {FanjoinError} `TEST_UNKNOWN_NAME`, `TEST_NO_HANDLER`: it is neither a handled node nor a handler's type */
  assertName(name: string, where: string): void {
    const types = new Set([...this.#types, ...this.#registeredTypes()]);
    if (this.#handledIds.has(name) || types.has(name)) return;
    if (this.#ids.has(name)) throw this.#withoutHandler(name, where);
    const known = [...this.#handledIds, ...types];
    throw unknownName(`${where} names '${name}', which is neither a node nor a handler's type.`, name, known);
  }

  #assertNode(id: string, where: string): void {
    const ids = this.#ids;
    if (!ids.has(id)) throw unknownName(`${where} names the node '${id}', which ${this.#missing}.`, id, ids);
  }

  #withoutHandler(id: string, where: string): FanjoinError {
    const [found] = [...this.#plans.values()].flatMap((plan) => findNode(plan, id) ?? []);
    const type = found?.definition.type ?? 'node';
    return new FanjoinError('TEST_NO_HANDLER', `${where} names '${id}', a ${type}: it has no handler`, {
      details: { id },
    });
  }

  get #missing(): string {
    const names = [...this.#plans.values()].map(({ definition }) => `'${definition.name}'`);
    return names.length === 1
      ? `the workflow ${names[0]} does not have`
      : `none of the workflows ${names.join(', ')} has`;
  }

  get #ids(): Set<string> {
    return new Set([...this.#plans.values()].flatMap(({ nodes }) => nodes.map(({ id }) => id)));
  }

  get #handledIds(): Set<string> {
    return new Set([...this.#plans.values()].flatMap((plan) => requiredHandlers(plan).map(({ node }) => node)));
  }

  get #types(): string[] {
    return [...this.#plans.values()].flatMap((plan) => requiredHandlers(plan).map(({ handler }) => handler));
  }
}

const unknownName = (problem: string, name: string, known: Iterable<string>): FanjoinError =>
  new FanjoinError('TEST_UNKNOWN_NAME', `${problem}${didYouMean(name, known)} There are: ${[...known].join(', ')}`, {
    details: { name, known: [...known] },
  });
