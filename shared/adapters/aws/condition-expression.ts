import { assertNever } from '../../errors.ts';
import type { Condition, Value } from '../../ports/item-table.ts';
import { toStoredValue } from '../stored-value.ts';

/** DynamoDB's bound on the operands of one `IN`. */
const MAX_IN_OPERANDS = 100;

/** The placeholders of one request's expressions: names and values never become part of an expression's text. */
export class Placeholders {
  readonly #names = new Map<string, string>();
  readonly #values: Record<string, Value> = {};
  #valueCount = 0;

  name(attribute: string): string {
    const standing = this.#names.get(attribute);
    if (standing !== undefined) return standing;
    const placeholder = `#n${this.#names.size}`;
    this.#names.set(attribute, placeholder);
    return placeholder;
  }

  /** `undefined` for what DynamoDB cannot store: an empty set. */
  value(value: Value): string | undefined {
    const stored = toStoredValue(value);
    if (stored === undefined) return undefined;
    const placeholder = `:v${this.#valueCount++}`;
    this.#values[placeholder] = stored;
    return placeholder;
  }

  /** The request's fields; DynamoDB refuses empty ones. */
  fields(): { ExpressionAttributeNames?: Record<string, string>; ExpressionAttributeValues?: Record<string, Value> } {
    const names = Object.fromEntries([...this.#names].map(([attribute, placeholder]) => [placeholder, attribute]));
    return {
      ...(this.#names.size > 0 && { ExpressionAttributeNames: names }),
      ...(this.#valueCount > 0 && { ExpressionAttributeValues: this.#values }),
    };
  }
}

/** The text of a ConditionExpression. */
export function compileCondition(condition: Condition, placeholders: Placeholders): string {
  const terms = compile(condition, placeholders);
  return terms.parts.join(` ${terms.operator} `);
}

/** An expression as the parts its outermost operator joins: DynamoDB refuses parentheses that are not needed. */
interface Terms {
  readonly operator: 'AND' | 'OR';
  readonly parts: readonly string[];
}

const one = (text: string): Terms => ({ operator: 'AND', parts: [text] });

function compile(condition: Condition, placeholders: Placeholders): Terms {
  switch (condition.kind) {
    case 'itemAbsent':
      return one(`attribute_not_exists(${placeholders.name('pk')})`);
    case 'itemExists':
      return one(`attribute_exists(${placeholders.name('pk')})`);
    case 'isAbsent':
      return one(`attribute_not_exists(${placeholders.name(condition.attribute)})`);
    case 'isPresent':
      return one(`attribute_exists(${placeholders.name(condition.attribute)})`);
    case 'equals':
      return one(`${placeholders.name(condition.attribute)} = ${placeholders.value(condition.value)}`);
    case 'lessThan':
      return one(`${placeholders.name(condition.attribute)} < ${placeholders.value(condition.value)}`);
    case 'isOneOf':
      return compileIsOneOf(condition.attribute, condition.values, placeholders);
    case 'all':
      return join(condition.of, 'AND', placeholders);
    case 'any':
      return join(condition.of, 'OR', placeholders);
    default:
      return assertNever(condition);
  }
}

function compileIsOneOf(attribute: string, values: readonly (string | number)[], placeholders: Placeholders): Terms {
  const groups: string[] = [];
  for (let start = 0; start < values.length; start += MAX_IN_OPERANDS) {
    const operands = values.slice(start, start + MAX_IN_OPERANDS).map((value) => placeholders.value(value));
    groups.push(`${placeholders.name(attribute)} IN (${operands.join(', ')})`);
  }
  return groups.length === 0 ? never(placeholders) : { operator: 'OR', parts: groups };
}

function join(conditions: readonly Condition[], operator: 'AND' | 'OR', placeholders: Placeholders): Terms {
  const [only, ...others] = conditions.map((condition) => compile(condition, placeholders));
  if (only === undefined) return operator === 'AND' ? always(placeholders) : never(placeholders);
  if (others.length === 0) return only;
  const parts = [only, ...others].map((terms) =>
    terms.parts.length === 1 ? terms.parts.join() : `(${terms.parts.join(` ${terms.operator} `)})`,
  );
  return { operator, parts };
}

// DynamoDB has no literals for true and false.
const always = (placeholders: Placeholders): Terms => ({ operator: 'OR', parts: presences(placeholders) });

const never = (placeholders: Placeholders): Terms => ({ operator: 'AND', parts: presences(placeholders) });

const presences = (placeholders: Placeholders): readonly string[] => [
  `attribute_exists(${placeholders.name('pk')})`,
  `attribute_not_exists(${placeholders.name('pk')})`,
];
