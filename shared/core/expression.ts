import jsonata from 'jsonata';
import type { Json } from '../model/json.ts';
import { ExpressionError, ExpressionSyntaxError } from './expression-errors.ts';
import { METERED_FUNCTIONS } from './expression-functions.ts';
import { bindHook, type Frame, findMeter, meterOf, RESULT_HOOK, STEP_HOOK, startMeter } from './expression-hooks.ts';
import { type Inspection, inspect } from './expression-inspection.ts';
import { EXPRESSION_BOUNDS, ExpressionMeter, isFunction } from './expression-meter.ts';
import { toJson } from './json.ts';
import { meteredRegExp } from './linear-regex.ts';

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

/** Of what the library says of a failure; it quotes the values. */
const MAX_PROBLEM_LENGTH = 500;
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
  const inspection = inspectWithin(program.ast(), source);
  const { references, variables, usesContext } = inspection;
  meter(program, source, inspection);
  return {
    source,
    references,
    variables,
    usesContext,
    async evaluate(context, bindings) {
      const value = await run(program, source, context, bindings);
      if (value === undefined) return undefined;
      if (isFunction(value)) {
        throw new ExpressionError('EXPRESSION_FAILED', source, 'The expression gives a function; call it');
      }
      return toJson(value, `the value of ${source}`, 'keep');
    },
  };
}

function inspectWithin(ast: unknown, source: string): Inspection {
  try {
    return inspect(ast, source);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ExpressionSyntaxError(source, 'The expression is nested too deep', undefined);
  }
}

/** Syntax whose value is new, and may contain others. */
const MAKES_VALUES: ReadonlySet<unknown> = new Set(['unary', 'function', 'apply']);

/** `^(…)` keeps a copy of what is left for each element it has placed: of 7,000, 100 MB. `$sort` does not. */
const SORT_TERM_STEPS = 6;
/** An object waits for all its members, and takes memory. */
const GROUP_STEPS = 3;
/** Takes lists of its own, with all that guards them. */
const SEQUENCE_STEPS = 2;
/** What was given as an argument is called from within its caller, even at its end: the library waits for it, in memory. */
const WRAPPED_CALL_STEPS = 10;

/** Has each evaluation of the program count what it does. */
function meter(program: jsonata.Expression, source: string, inspection: Inspection): void {
  const { comparedOrJoined, groupKeys, keys, procedures, sortTerms, transformPatterns, transformUpdates } = inspection;
  for (const name of inspection.variables) {
    const metered = METERED_FUNCTIONS.get(name);
    if (metered !== undefined) program.assign(name, metered);
  }
  bindHook(program, STEP_HOOK, (node, input, environment) => {
    const count = findMeter(environment) ?? start(source, environment, inspection);
    const type = typeOf(node);
    const steps = groupKeys.has(node) ? GROUP_STEPS : type === 'path' || type === 'function' ? SEQUENCE_STEPS : 1;
    count.charge(sortTerms.has(node) ? SORT_TERM_STEPS : steps);
    if (type === 'descendant') count.chargeDepth(input);
    if (type === 'wildcard') chargeWildcard(count, input);
  });
  bindHook(program, RESULT_HOOK, (node, _input, environment, result) => {
    const count = meterOf(environment);
    if (transformUpdates.has(node)) count.forgetSizes();
    const ended = groupKeys.get(node);
    if (ended !== undefined) count.endGrouping(ended);
    if (keys.has(node)) count.chargeGrouping(node, result);
    if (typeof result === 'string') count.chargeBreadth(result);
    if (typeof result === 'function' && procedures.has(node)) count.charge(WRAPPED_CALL_STEPS);
    if (typeof result !== 'object' || result === null) return;
    if ((procedures.has(node) || isFunction(result)) && !isCallable(result)) {
      // Data may bear the library's marks, and the library notes in what is called where it was called.
      throw new ExpressionError('EXPRESSION_FAILED', source, 'What is called is not a function');
    }
    if (isFunction(result)) return;
    count.chargeBreadth(result);
    if ((MAKES_VALUES.has(typeOf(node)) || ended !== undefined || 'sequence' in result) && !('tupleStream' in result)) {
      count.sizeOf(result);
    }
    if (comparedOrJoined.has(node)) count.chargeDepth(result);
    if (transformPatterns.has(node) && !ownsAll(count, result)) {
      throw new ExpressionError('EXPRESSION_FAILED', source, 'A transform can change only the value it is given');
    }
  });
}

function start(source: string, environment: Frame, { usesRegex }: Inspection): ExpressionMeter {
  const count = new ExpressionMeter(source);
  startMeter(environment, count);
  if (usesRegex) environment.base.RegexEngine = meteredRegExp(count);
  return count;
}

/** Lists among the members are joined one after the other, each time into a new list. */
function chargeWildcard(count: ExpressionMeter, input: unknown): void {
  if (typeof input !== 'object' || input === null) return;
  const members = Object.values(input);
  const lists = members.filter(Array.isArray);
  for (const list of lists) count.chargeBreadth(list);
  count.charge((lists.length * members.length) / 500);
}

const ownsAll = (count: ExpressionMeter, matches: object): boolean =>
  Array.isArray(matches) ? matches.every((match) => count.owns(match)) : count.owns(matches);

/** Functions are objects to the library. Data may bear their marks; it holds nothing that runs. */
const isCallable = (value: object): boolean =>
  ('implementation' in value && typeof value.implementation === 'function') ||
  ('apply' in value && typeof value.apply === 'function') ||
  // What a partial application gives.
  ('environment' in value && hasLookup(value.environment));

const hasLookup = (frame: unknown): boolean =>
  typeof frame === 'object' && frame !== null && 'lookup' in frame && typeof frame.lookup === 'function';

const typeOf = (node: unknown): unknown =>
  typeof node === 'object' && node !== null && 'type' in node ? node.type : undefined;

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
    return await program.evaluate(context, { ...bindings });
  } catch (cause) {
    if (cause instanceof ExpressionError) throw cause;
    const { code, message } = jsonataProblem(cause);
    if (code === 'D1011' || code === 'D2015' || code === 'D2014' || cause instanceof RangeError) {
      throw new ExpressionError('EXPRESSION_LIMIT', source, `${message}; do this work in a handler`, cause);
    }
    throw new ExpressionError('EXPRESSION_FAILED', source, message, cause);
  }
}

function jsonataProblem(cause: unknown): { code?: string; message: string; position?: number } {
  if (typeof cause !== 'object' || cause === null) return { message: String(cause) };
  const { code, message, position } = cause as { code?: unknown; message?: unknown; position?: unknown };
  return {
    message: typeof message === 'string' ? shortened(message) : 'The expression failed',
    ...(typeof code === 'string' && { code }),
    ...(typeof position === 'number' && { position }),
  };
}

const shortened = (message: string): string =>
  message.length <= MAX_PROBLEM_LENGTH ? message : `${message.slice(0, MAX_PROBLEM_LENGTH)}…`;
