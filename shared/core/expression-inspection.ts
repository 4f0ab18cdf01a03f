import { ExpressionSyntaxError } from './expression-errors.ts';
import { compileRegex } from './linear-regex.ts';

/** `$eval` would escape the checks below; the others would make a repeated node differ from its first try. */
const FORBIDDEN = new Set(['eval', 'random', 'shuffle']);
/** Repetitions in the signature of a function, which is matched by trying them all. */
const MAX_REPETITIONS = 8;

/** What an expression says of itself before it runs. Nodes are those of the library's syntax tree. */
export interface Inspection {
  readonly references: Set<string>;
  readonly variables: Set<string>;
  usesContext: boolean;
  usesRegex: boolean;
  /** Nodes whose values are gone through in depth: operands of `&`, `=` and `!=`. */
  readonly comparedOrJoined: Set<unknown>;
  /** Nodes that give the key of a group, by the node that groups. */
  readonly groupKeys: Map<unknown, readonly unknown[]>;
  readonly keys: Set<unknown>;
  readonly transformPatterns: Set<unknown>;
  readonly transformUpdates: Set<unknown>;
  readonly procedures: Set<unknown>;
  readonly sortTerms: Set<unknown>;
}

/** The library's syntax tree: any of these may be there, and anything in it. */
interface Node {
  readonly type?: unknown;
  readonly value?: unknown;
  readonly position?: number;
  readonly steps?: unknown;
  readonly lhs?: unknown;
  readonly rhs?: unknown;
  readonly group?: { readonly lhs?: unknown };
  readonly pattern?: unknown;
  readonly update?: unknown;
  readonly procedure?: unknown;
  readonly signature?: { readonly definition?: unknown };
  readonly terms?: readonly { readonly expression?: unknown }[];
}

/**
 * Finds `$nodes.id`, `$errors.id` and variables; `$nodes` without an id could not be checked, and is refused, as is what
 * cannot be bounded. Whether it uses the context is on the safe side.
 *
 * @throws {ExpressionSyntaxError}
 */
export function inspect(ast: unknown, source: string): Inspection {
  const found: Inspection = {
    references: new Set(),
    variables: new Set(),
    usesContext: false,
    usesRegex: false,
    comparedOrJoined: new Set(),
    groupKeys: new Map(),
    keys: new Set(),
    transformPatterns: new Set(),
    transformUpdates: new Set(),
    procedures: new Set(),
    sortTerms: new Set(),
  };
  const seen = new Set<object>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || seen.has(node)) return;
    seen.add(node);
    if (Array.isArray(node)) {
      node.forEach(visit);
      return;
    }
    const { type, value, position, steps }: Node = node;
    if (type === 'path' && Array.isArray(steps) && isNodesVariable(steps[0])) {
      const id: unknown = steps[1]?.type === 'name' ? steps[1].value : undefined;
      if (typeof id !== 'string') throw bareNodes(source, steps[0].value, steps[0].position);
      found.references.add(id);
      // Known by now; what stands in its brackets is not.
      seen.add(steps[0]);
      for (const inner of Object.values(steps[0])) visit(inner);
    }
    if (type === 'path' && Array.isArray(steps)) {
      // Later steps start from the one before; only what stands in their brackets is looked at.
      for (const step of steps.slice(1)) if (step.type === 'name' && seen.add(step)) Object.values(step).forEach(visit);
    }
    if (type === 'variable' && typeof value === 'string') found.variables.add(value);
    if (type === 'variable' && typeof value === 'string' && FORBIDDEN.has(value)) {
      throw new ExpressionSyntaxError(source, `$${value} is not available; use a handler`, after(position));
    }
    if (isNodesVariable(node)) throw bareNodes(source, node.value, node.position);
    if (type === 'function' || type === 'partial') found.usesContext ||= mayTakeContext(node);
    const head = type === 'path' && Array.isArray(steps) ? steps[0]?.type : type;
    if (CONTEXT_TYPES.has(head) || (type === 'variable' && (value === '' || value === '$'))) found.usesContext = true;
    noteCosts(node, found, source);
    Object.values(node).forEach(visit);
  };
  visit(ast);
  return found;
}

/** Notes what the meter has to look at, and refuses what it could not see. */
function noteCosts(node: Node, found: Inspection, source: string): void {
  const { type, value, position } = node;
  if (type === 'regex' && value instanceof RegExp) {
    found.usesRegex = true;
    try {
      compileRegex(value);
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw new ExpressionSyntaxError(source, `${problem} (patterns are RE2's)`, after(position));
    }
  }
  if (type === 'binary' && (value === '&' || value === '=' || value === '!=')) {
    found.comparedOrJoined.add(node.lhs).add(node.rhs);
  }
  const pairs: unknown = type === 'unary' && value === '{' ? node.lhs : node.group?.lhs;
  if (Array.isArray(pairs)) {
    const keys: unknown[] = pairs.map((pair) => (Array.isArray(pair) ? pair[0] : undefined));
    found.groupKeys.set(node, keys);
    for (const key of keys) found.keys.add(key);
  }
  if (type === 'transform') {
    found.variables.add('clone');
    found.transformPatterns.add(node.pattern);
    found.transformUpdates.add(node.update);
  }
  if (type === 'function' || type === 'partial') found.procedures.add(node.procedure);
  if (type === 'sort') for (const { expression } of node.terms ?? []) found.sortTerms.add(expression);
  const signature = node.signature?.definition;
  if (type === 'lambda' && typeof signature === 'string') {
    const repetitions = signature.match(/[-?+]/g) ?? [];
    if (repetitions.length > MAX_REPETITIONS || repetitions.filter((mark) => mark === '+').length > 1) {
      throw new ExpressionSyntaxError(
        source,
        `A signature may have one '+' and ${MAX_REPETITIONS} of '?', '-' and '+'`,
        after(position),
      );
    }
  }
}

/** A position in the text with its `{%`. */
const after = (position: number | undefined): number | undefined => (position === undefined ? undefined : position + 2);

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
  new ExpressionSyntaxError(source, `$${name} must be followed by a node id, as in $${name}.parse`, after(position));
