import { LIMITS } from '../model/limits.ts';
import { ExpressionError } from './expression-errors.ts';

/** The bounds on one evaluation. Steps are counted, not timed, so that the same expression ends the same way anywhere. */
export const EXPRESSION_BOUNDS = { steps: 1_000_000, depth: 1_000, sequence: LIMITS.maxMapItems } as const;

/** Elements and characters that the library goes through in about the time of one step. */
const ELEMENTS_PER_STEP = 20;
const CHARACTERS_PER_STEP = 200;
/** What a step saves by being short: so much is part of it. */
const FREE = 64;

/**
 * Counts what one evaluation does. A step of the library may be one addition, or one pass over a million elements: so
 * what a step is about to work on, or has made, counts by its size.
 */
export class ExpressionMeter {
  readonly #source: string;
  #steps = 0;
  #failure: ExpressionError | undefined;
  // Made when first needed: most evaluations look up one field.
  #sizes: WeakMap<object, number> | undefined;
  #breadths: WeakMap<object, number> | undefined;
  #own: WeakSet<object> | undefined;
  #groups: Map<unknown, Map<unknown, number>> | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  /** @throws {ExpressionError} `EXPRESSION_LIMIT` */
  charge(steps: number): void {
    this.#steps += steps;
    if (this.#steps <= EXPRESSION_BOUNDS.steps) return;
    this.fail(`Over ${EXPRESSION_BOUNDS.steps} steps; do this work in a handler`);
  }

  fail(problem: string): never {
    // The library runs the members of a list side by side: the others end where they are, with the same error.
    this.#failure ??= new ExpressionError('EXPRESSION_LIMIT', this.#source, problem);
    throw this.#failure;
  }

  chargeElements(count: number): void {
    if (count > FREE) this.charge(count / ELEMENTS_PER_STEP);
  }

  chargeCharacters(count: number): void {
    if (count > FREE) this.charge(count / CHARACTERS_PER_STEP);
  }

  /** For one pass over what lies directly in `value`. */
  chargeBreadth(value: unknown): void {
    if (typeof value === 'string') {
      if (value.length > LIMITS.maxPayloadBytes) this.fail(`A text of over ${LIMITS.maxPayloadBytes} characters`);
      this.chargeCharacters(value.length);
    } else if (typeof value === 'object' && value !== null) {
      this.chargeElements(this.#breadthOf(value));
    }
  }

  /** For one pass over all of `value`, however deep. */
  chargeDepth(value: unknown): void {
    if (typeof value === 'object' && value !== null) this.chargeCharacters(this.sizeOf(value));
  }

  /** Elements of a list and of the lists in it; keys of an object. */
  #breadthOf(value: object): number {
    if (!Array.isArray(value)) return keyCount(value);
    if (value.length === 0) return 0;
    this.#breadths ??= new WeakMap();
    const known = this.#breadths.get(value);
    if (known !== undefined) return known;
    // A list that contains itself has no end.
    this.#breadths.set(value, Number.POSITIVE_INFINITY);
    let breadth = value.length;
    for (const element of value) if (Array.isArray(element)) breadth += this.#breadthOf(element);
    this.#breadths.set(value, breadth);
    return breadth;
  }

  /**
   * About the characters of a value's JSON. What contains one value many times is small in memory and endless for all
   * that goes through it, so it is refused when it is made.
   *
   * @throws {ExpressionError} `EXPRESSION_LIMIT` over the largest payload
   */
  sizeOf(value: unknown): number {
    if (typeof value === 'string') return value.length + 2;
    if (typeof value !== 'object' || value === null || isFunction(value)) return 4;
    this.#sizes ??= new WeakMap();
    const known = this.#sizes.get(value);
    if (known !== undefined) return known;
    this.#sizes.set(value, Number.POSITIVE_INFINITY);
    let size = 2;
    const members: [string, unknown][] | undefined = Array.isArray(value) ? undefined : Object.entries(value);
    if (Array.isArray(value)) for (const element of value) size += 1 + this.sizeOf(element);
    else for (const [key, member] of members ?? []) size += key.length + 4 + this.sizeOf(member);
    this.chargeElements(members?.length ?? (value as unknown[]).length);
    if (size > LIMITS.maxPayloadBytes) this.fail(`A value of over ${LIMITS.maxPayloadBytes} characters of JSON`);
    this.#sizes.set(value, size);
    return size;
  }

  /** A transform changes what was measured. */
  forgetSizes(): void {
    this.#sizes = undefined;
  }

  /** The `n`th element of one group is appended to a copy of the others. */
  chargeGrouping(keyNode: unknown, key: unknown): void {
    this.#groups ??= new Map();
    const counts = this.#groups.get(keyNode) ?? new Map<unknown, number>();
    const count = (counts.get(key) ?? 0) + 1;
    this.#groups.set(keyNode, counts.set(key, count));
    if (count > FREE) this.charge(count / 200);
    if (counts.size > EXPRESSION_BOUNDS.depth)
      this.fail(`Over ${EXPRESSION_BOUNDS.depth} groups or keys in one object`);
  }

  endGrouping(keyNodes: readonly unknown[]): void {
    for (const keyNode of keyNodes) this.#groups?.delete(keyNode);
  }

  /** Notes that this evaluation made `value`, with all that is in it, and may change it. */
  own(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    this.#own ??= new WeakSet();
    this.#own.add(value);
    for (const member of Object.values(value)) this.own(member);
  }

  owns(value: unknown): boolean {
    return typeof value !== 'object' || value === null || this.#own?.has(value) === true;
  }
}

function keyCount(value: object): number {
  let count = 0;
  for (const key in value) if (Object.hasOwn(value, key)) count++;
  return count;
}

/** One of the library's functions, or one that an expression made. */
export const isFunction = (value: unknown): boolean =>
  typeof value === 'function' ||
  (typeof value === 'object' && value !== null && ('_jsonata_lambda' in value || '_jsonata_function' in value));
