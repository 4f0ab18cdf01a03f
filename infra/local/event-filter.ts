import * as z from 'zod';
import { FanjoinError } from '../../shared/errors.ts';

type Test = (value: unknown) => boolean;

const Operator = z.enum(['=', '<', '<=', '>', '>=']);
/** One or two pairs of an operator and a bound. */
const Numeric = z.union([z.tuple([Operator, z.number()]), z.tuple([Operator, z.number(), Operator, z.number()])]);

/** What may stand in a rule's list, besides a value itself. */
const Comparison = z.union([
  z.strictObject({ exists: z.boolean() }),
  z.strictObject({ prefix: z.string() }),
  z.strictObject({ suffix: z.string() }),
  z.strictObject({ 'equals-ignore-case': z.string() }),
  z.strictObject({ 'anything-but': z.array(z.union([z.string(), z.number()])) }),
  z.strictObject({ numeric: Numeric }),
]);
const Literal = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/**
 * Lambda's event filtering: a record is kept if it matches any of the patterns. A pattern has the record's shape; at its
 * leaves stand lists of what the value may be.
 *
 * @throws {FanjoinError} `UNKNOWN_FILTER` for a pattern that Lambda would refuse, or that is not done here
 */
export function compileFilters(patterns: readonly string[]): Test {
  const tests = patterns.map((pattern) => compilePattern(JSON.parse(pattern), pattern));
  return tests.length === 0 ? () => true : (record) => tests.some((test) => test(record));
}

function compilePattern(pattern: unknown, source: string): Test {
  if (Array.isArray(pattern)) {
    const rules = pattern.map((rule) => compileRule(rule, source));
    return (value) => rules.some((test) => test(value));
  }
  if (typeof pattern !== 'object' || pattern === null) throw unknownFilter(source, 'a leaf must be a list');
  const tests = Object.entries(pattern).map(([key, nested]): Test => {
    if (key === '$or') {
      if (!Array.isArray(nested)) throw unknownFilter(source, '$or must have a list');
      const branches = nested.map((branch) => compilePattern(branch, source));
      return (value) => branches.some((test) => test(value));
    }
    const test = compilePattern(nested, source);
    return (value) => test(propertyOf(value, key));
  });
  return (value) => tests.every((test) => test(value));
}

function compileRule(rule: unknown, source: string): Test {
  const literal = Literal.safeParse(rule);
  // Text and numbers are never the same: a stream has its numbers as text.
  if (literal.success) return (value) => value === literal.data;
  const comparison = Comparison.safeParse(rule);
  if (!comparison.success) throw unknownFilter(source, `${JSON.stringify(rule)} is not known`);
  const { data } = comparison;
  if ('exists' in data) return (value) => isLeaf(value) === data.exists;
  if ('prefix' in data) return (value) => typeof value === 'string' && value.startsWith(data.prefix);
  if ('suffix' in data) return (value) => typeof value === 'string' && value.endsWith(data.suffix);
  if ('numeric' in data) return compileNumeric(data.numeric);
  if ('anything-but' in data) {
    const refused: readonly unknown[] = data['anything-but'];
    return (value) => isLeaf(value) && !refused.includes(value);
  }
  const wanted = data['equals-ignore-case'].toLowerCase();
  return (value) => typeof value === 'string' && value.toLowerCase() === wanted;
}

function compileNumeric([operator, bound, secondOperator, secondBound]: z.infer<typeof Numeric>): Test {
  return (value) =>
    typeof value === 'number' &&
    COMPARE[operator](value, bound) &&
    (secondOperator === undefined || secondBound === undefined || COMPARE[secondOperator](value, secondBound));
}

const COMPARE: Readonly<Record<z.infer<typeof Operator>, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** Existence is asked of leaves only. */
const isLeaf = (value: unknown): boolean => value !== undefined && (typeof value !== 'object' || value === null);

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}

const unknownFilter = (pattern: string, problem: string): FanjoinError =>
  new FanjoinError(
    'UNKNOWN_FILTER',
    `The event filter ${pattern} is not done locally: ${problem}. See infra/local/event-filter.ts`,
  );
