import type { Json } from '../../shared/model/json.ts';

/** What the expressions of random workflows can name. */
export interface Scope {
  readonly context: Json;
  readonly input: Json;
  /** Outputs by node id; null of a node without one. */
  readonly outputs: Readonly<Record<string, Json>>;
  /** Names of errors by node id. */
  readonly errors: ReadonlyMap<string, string>;
  readonly item?: Json;
  readonly index?: number;
  /** The node's own output, in choices. */
  readonly output?: Json;
  /** The name of the error at hand, in catch clauses. */
  readonly error?: string;
}

/** The few forms of expressions that the generator writes, each with its meaning: JSONata itself is not asked. */
const FORMS: readonly [RegExp, (scope: Scope, match: RegExpExecArray) => Json | undefined][] = [
  [/^\$$/, ({ context }) => context],
  [/^\$item$/, ({ item }) => item],
  [/^\$index$/, ({ index }) => index],
  [/^\$error\.name$/, ({ error }) => error],
  [/^\$input\.(flags|items)\.`?([^`]+?)`?$/, ({ input }, [, group = '', id = '']) => field(field(input, group), id)],
  [/^\$nodes\.`([^`]+)`$/, ({ outputs }, [, id = '']) => own(outputs, id) ?? null],
  [/^\$nodes\.`([^`]+)`\.isOdd$/, ({ outputs }, [, id = '']) => someField(own(outputs, id) ?? null, 'isOdd')],
  [/^\$errors\.`([^`]+)`\.name \?/, ({ errors }, [, id = '']) => errors.get(id) ?? 'none'],
  [/^\$output\.visit <= 2$/, ({ output = null }) => isAtMost(field(output, 'visit'), 2)],
  [/^\$output\.isOdd$/, ({ output = null }) => someField(output, 'isOdd')],
  [
    /^\$output\.visit = 1 and \$input\.flags\.a$/,
    ({ output = null, input }) => field(output, 'visit') === 1 && field(field(input, 'flags'), 'a') === true,
  ],
];

export function evaluate(mapping: Json, scope: Scope): Json {
  if (typeof mapping === 'string' && mapping.startsWith('{%')) {
    const text = mapping.slice(2, -2).trim();
    for (const [form, value] of FORMS) {
      const match = form.exec(text);
      if (match !== null) return value(scope, match) ?? null;
    }
    throw new Error(`The oracle does not know the expression ${mapping}`);
  }
  if (Array.isArray(mapping)) return mapping.map((member: Json) => evaluate(member, scope));
  if (typeof mapping === 'object' && mapping !== null) {
    return Object.fromEntries(Object.entries(mapping).map(([key, member]) => [key, evaluate(member, scope)]));
  }
  return mapping;
}

export const isTrue = (expression: string, scope: Scope): boolean => evaluate(expression, scope) === true;

export const own = <T>(values: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(values, key) ? values[key] : undefined;

function field(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return own(value as Readonly<Record<string, Json>>, name);
}

/** A list is true if any of its members is. */
const someField = (value: Json, name: string): boolean =>
  Array.isArray(value) ? value.some((member: Json) => someField(member, name)) : field(value, name) === true;

const isAtMost = (value: Json | undefined, bound: number): boolean => typeof value === 'number' && value <= bound;
