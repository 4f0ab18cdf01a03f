import jsonata from 'jsonata';
import { FanjoinError } from '../errors.ts';
import type { Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import { toJson } from './json.ts';

/** The bounds on one evaluation. Steps are counted, not timed, so that the same expression ends the same way anywhere. */
export const EXPRESSION_BOUNDS = { steps: 1_000_000, depth: 1_000, sequence: LIMITS.maxMapItems } as const;

/** An expression that does not parse, or asks for what it may not use. `position` counts characters from 0. */
export class ExpressionSyntaxError extends FanjoinError {
  override readonly name = 'ExpressionSyntaxError';
  constructor(source: string, problem: string, position: number | undefined) {
    const at = position === undefined ? '' : ` at position ${position}`;
    super('INVALID_EXPRESSION', `${problem}${at} in ${source}`, { details: { source, position } });
  }
}

/** An expression that failed, gave nothing, or went over a bound. */
export class ExpressionError extends FanjoinError {
  override readonly name = 'ExpressionError';
  constructor(
    code: 'EXPRESSION_FAILED' | 'EXPRESSION_UNDEFINED' | 'EXPRESSION_LIMIT',
    source: string,
    problem: string,
    cause?: unknown,
  ) {
    super(code, `${problem}: ${source}`, { cause, details: { source } });
  }
}

/** What an expression can name: `$input`, `$nodes`, `$errors`, `$globals`, `$execution`, `$item`, `$index`, `$output`, `$error`. */
export type Bindings = Readonly<Record<string, unknown>>;

export interface CompiledExpression {
  readonly source: string;
  /** Ids after `$nodes.` and `$errors.`. */
  readonly references: ReadonlySet<string>;
  /** Names of the variables it uses, without `$`: what need not be loaded is not. */
  readonly variables: ReadonlySet<string>;
  /** Whether it may look at `$`, the context. */
  readonly usesContext: boolean;
  /** Evaluates with `context` as `$`. `undefined`: it gave nothing. References to secrets are kept. @throws {ExpressionError} */
  evaluate(context: Json | undefined, bindings: Bindings): Promise<Json | undefined>;
}

const STEP_HOOK = Symbol.for('jsonata.__evaluate_entry');
const STEP_COUNTER = '__steps';
/** `$eval` would escape the checks below; the others would make a repeated node differ from its first try. */
const FORBIDDEN = new Set(['eval', 'random', 'shuffle']);
const CACHE_SIZE = 2_000;
const cache = new Map<string, CompiledExpression>();

export const isExpression = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith('{%') && value.endsWith('%}') && value.length >= 4;

/**
 * Compiles `{% … %}`; the same text compiles once.
 * @throws {ExpressionSyntaxError}
 */
export function compileExpression(source: string): CompiledExpression {
  const known = cache.get(source);
  if (known !== undefined) return known;
  const compiled = compile(source);
  if (cache.size >= CACHE_SIZE) cache.clear();
  cache.set(source, compiled);
  return compiled;
}

function compile(source: string): CompiledExpression {
  const program = parse(source);
  const references = new Set<string>();
  const variables = new Set<string>();
  const usesContext = inspect(program.ast(), source, references, variables);
  bindHook(program, (_expression, _input, environment) => {
    const counter: { count: number } = environment.lookup(STEP_COUNTER);
    counter.count++;
    if (counter.count > EXPRESSION_BOUNDS.steps) {
      throw new ExpressionError(
        'EXPRESSION_LIMIT',
        source,
        `Over ${EXPRESSION_BOUNDS.steps} steps; do this work in a handler`,
      );
    }
  });
  return {
    source,
    references,
    variables,
    usesContext,
    async evaluate(context, bindings) {
      const value = await run(program, source, context, bindings);
      if (value === undefined) return undefined;
      if (typeof value === 'function' || isJsonataFunction(value)) {
        throw new ExpressionError('EXPRESSION_FAILED', source, 'The expression gives a function; call it');
      }
      return toJson(value, `the value of ${source}`, 'keep');
    },
  };
}

function parse(source: string): jsonata.Expression {
  try {
    return jsonata(source.slice(2, -2), { stack: EXPRESSION_BOUNDS.depth, sequence: EXPRESSION_BOUNDS.sequence });
  } catch (cause) {
    const { message, position } = jsonataProblem(cause);
    throw new ExpressionSyntaxError(source, message, position === undefined ? undefined : position + 2);
  }
}

async function run(
  program: jsonata.Expression,
  source: string,
  context: Json | undefined,
  bindings: Bindings,
): Promise<unknown> {
  try {
    return await program.evaluate(context, { ...bindings, [STEP_COUNTER]: { count: 0 } });
  } catch (cause) {
    if (cause instanceof ExpressionError) throw cause;
    const { code, message } = jsonataProblem(cause);
    if (code === 'D1011' || code === 'D2015' || code === 'D2014' || cause instanceof RangeError) {
      throw new ExpressionError('EXPRESSION_LIMIT', source, `${message}; do this work in a handler`, cause);
    }
    throw new ExpressionError('EXPRESSION_FAILED', source, message, cause);
  }
}

type StepHook = (expression: unknown, input: unknown, environment: jsonata.Environment) => void;

/** The library's types know only string names; its evaluator looks this hook up by symbol. */
function bindHook(program: jsonata.Expression, hook: StepHook): void {
  const hookable: { assign(name: string | symbol, value: StepHook): void } = program;
  hookable.assign(STEP_HOOK, hook);
}

function jsonataProblem(cause: unknown): { code?: string; message: string; position?: number } {
  if (typeof cause !== 'object' || cause === null) return { message: String(cause) };
  const { code, message, position } = cause as { code?: unknown; message?: unknown; position?: unknown };
  return {
    message: typeof message === 'string' ? message : 'The expression failed',
    ...(typeof code === 'string' && { code }),
    ...(typeof position === 'number' && { position }),
  };
}

const isJsonataFunction = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('_jsonata_lambda' in value || '_jsonata_function' in value);

/**
 * Finds `$nodes.id`, `$errors.id` and variables; `$nodes` without an id could not be checked, and is refused.
 * @returns whether anything may start from the context: on the safe side
 */
function inspect(ast: unknown, source: string, references: Set<string>, variables: Set<string>): boolean {
  let usesContext = false;
  const seen = new Set<object>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || seen.has(node)) return;
    seen.add(node);
    if (Array.isArray(node)) {
      node.forEach(visit);
      return;
    }
    const { type, value, position, steps } = node as {
      type?: unknown;
      value?: unknown;
      position?: number;
      steps?: unknown;
    };
    if (type === 'path' && Array.isArray(steps) && isNodesVariable(steps[0])) {
      const id: unknown = steps[1]?.type === 'name' ? steps[1].value : undefined;
      if (typeof id !== 'string') throw bareNodes(source, steps[0].value, steps[0].position);
      references.add(id);
      // Known by now; what stands in its brackets is not.
      seen.add(steps[0]);
      for (const inner of Object.values(steps[0])) visit(inner);
    }
    if (type === 'path' && Array.isArray(steps)) {
      // Later steps start from the one before; only what stands in their brackets is looked at.
      for (const step of steps.slice(1)) if (step.type === 'name' && seen.add(step)) Object.values(step).forEach(visit);
    }
    if (type === 'variable' && typeof value === 'string') variables.add(value);
    if (type === 'variable' && typeof value === 'string' && FORBIDDEN.has(value)) {
      throw new ExpressionSyntaxError(
        source,
        `$${value} is not available; use a handler`,
        position === undefined ? undefined : position + 2,
      );
    }
    if (isNodesVariable(node)) throw bareNodes(source, node.value, node.position);
    if (type === 'function' || type === 'partial') usesContext ||= mayTakeContext(node);
    const head = type === 'path' && Array.isArray(steps) ? steps[0]?.type : type;
    if (CONTEXT_TYPES.has(head) || (type === 'variable' && (value === '' || value === '$'))) usesContext = true;
    Object.values(node).forEach(visit);
  };
  visit(ast);
  return usesContext;
}

/** Syntax that starts from the context, where it stands first. */
const CONTEXT_TYPES: ReadonlySet<unknown> = new Set(['name', 'wildcard', 'descendant', 'parent', 'transform', 'regex']);

/**
 * JSONata's functions that take the context in place of an argument left out, each with the number of arguments from
 * which on it does not.
 * https://docs.jsonata.org/programming#function-signatures
 */
const TAKES_CONTEXT: ReadonlyMap<unknown, number> = new Map([
  ...Object.entries({ string: 2, substring: 3, substringBefore: 2, substringAfter: 2, lowercase: 1, uppercase: 1 }),
  ...Object.entries({ length: 1, trim: 1, pad: 3, match: 3, contains: 2, replace: 4, split: 3, formatNumber: 3 }),
  ...Object.entries({
    formatBase: 2,
    formatInteger: 2,
    parseInteger: 2,
    number: 1,
    floor: 1,
    ceil: 1,
    round: 2,
    abs: 1,
  }),
  ...Object.entries({ sqrt: 1, power: 2, boolean: 1, not: 1, sift: 2, keys: 1, lookup: 2, spread: 1, each: 2 }),
  ...Object.entries({ base64encode: 1, base64decode: 1, encodeUrlComponent: 1, encodeUrl: 1, decodeUrlComponent: 1 }),
  ...Object.entries({ decodeUrl: 1, toMillis: 2, fromMillis: 3, clone: 1 }),
]);
const IGNORES_CONTEXT: ReadonlySet<unknown> = new Set(
  'sum count max min average join map zip filter single reduce append exists merge reverse error assert type sort distinct now millis'.split(
    ' ',
  ),
);

/** Whether a call may fall back on the context. A function by another name may be any. */
function mayTakeContext(call: object): boolean {
  const { procedure, arguments: given } = call as {
    procedure?: { type?: unknown; value?: unknown };
    arguments?: unknown;
  };
  const count = Array.isArray(given) ? given.length : 0;
  if (procedure?.type === 'lambda') return 'signature' in procedure;
  if (IGNORES_CONTEXT.has(procedure?.value)) return false;
  return count < (TAKES_CONTEXT.get(procedure?.value) ?? Number.POSITIVE_INFINITY);
}

function isNodesVariable(node: unknown): node is { value: string; position?: number } {
  const { type, value } = (node ?? {}) as { type?: unknown; value?: unknown };
  return type === 'variable' && (value === 'nodes' || value === 'errors');
}

const bareNodes = (source: string, name: string, position: number | undefined) =>
  new ExpressionSyntaxError(
    source,
    `$${name} must be followed by a node id, as in $${name}.parse`,
    position === undefined ? undefined : position + 2,
  );
