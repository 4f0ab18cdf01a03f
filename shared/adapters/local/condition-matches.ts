import { assertNever } from '../../errors.ts';
import type { Condition, Item, Value } from '../../ports/item-table.ts';

/** Whether `condition` holds of the standing item (`undefined`: there is none), as DynamoDB judges it. */
export function conditionMatches(condition: Condition, standing: Item | undefined): boolean {
  switch (condition.kind) {
    case 'itemAbsent':
      return standing === undefined;
    case 'itemExists':
      return standing !== undefined;
    case 'isAbsent':
      return attributeOf(standing, condition.attribute) === undefined;
    case 'isPresent':
      return attributeOf(standing, condition.attribute) !== undefined;
    case 'equals':
      return attributeOf(standing, condition.attribute) === condition.value;
    case 'isOneOf': {
      const value = attributeOf(standing, condition.attribute);
      return condition.values.some((candidate) => candidate === value);
    }
    case 'lessThan':
      return isLess(attributeOf(standing, condition.attribute), condition.value);
    case 'all':
      return condition.of.every((inner) => conditionMatches(inner, standing));
    case 'any':
      return condition.of.some((inner) => conditionMatches(inner, standing));
    default:
      return assertNever(condition);
  }
}

// An attribute named like a member of Object.prototype is absent until it is stored.
const attributeOf = (item: Item | undefined, name: string): Value | undefined =>
  item !== undefined && Object.hasOwn(item, name) ? item[name] : undefined;

function isLess(value: Value | undefined, bound: string | number): boolean {
  if (typeof value === 'number' && typeof bound === 'number') return value < bound;
  // DynamoDB orders strings by their UTF-8 bytes; JavaScript's `<` by UTF-16 units, which differs beyond U+FFFF.
  if (typeof value === 'string' && typeof bound === 'string')
    return Buffer.compare(Buffer.from(value), Buffer.from(bound)) < 0;
  return false;
}
