import { BlockList, isIP } from 'node:net';
import * as z from 'zod';
import { FanjoinError } from '../errors.ts';
import { pathText } from './json.ts';

/** Whether an event, or a part of it, is what a pattern asks for. */
export type Test = (value: unknown) => boolean;
/** The same of the leaves that stand at one place: none if there is nothing, several if there is a list. */
type LeafTest = (leaves: readonly unknown[]) => boolean;

const ofAny =
  (test: Test): LeafTest =>
  (leaves) =>
    leaves.some(test);
const isText =
  (test: (text: string) => boolean): Test =>
  (value) =>
    typeof value === 'string' && test(value);
const isNone =
  (tests: readonly Test[]): Test =>
  (value) =>
    typeof value === 'string' && !tests.some((test) => test(value));

const startsWith = (prefix: string): Test => isText((text) => text.startsWith(prefix));
const endsWith = (suffix: string): Test => isText((text) => text.endsWith(suffix));
const equalsIgnoreCase = (wanted: string): Test => isText((text) => text.toLowerCase() === wanted.toLowerCase());
const startsWithIgnoreCase = (prefix: string): Test =>
  isText((text) => text.toLowerCase().startsWith(prefix.toLowerCase()));
const endsWithIgnoreCase = (suffix: string): Test =>
  isText((text) => text.toLowerCase().endsWith(suffix.toLowerCase()));

/**
 * `*` stands for anything, `\*` and `\\` for themselves. Each part between two is looked for behind the one before it, which
 * takes time in proportion to the text; a regular expression would go back and forth.
 */
function matchesWildcard(wildcard: string): Test {
  const parts = [''];
  for (const piece of wildcard.split(/(\\[\\*]|\*+)/)) {
    if (piece.startsWith('*')) parts.push('');
    else parts.push((parts.pop() ?? '') + piece.replace(/^\\(?=[\\*])/, ''));
  }
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  return isText((text) => {
    if (last === undefined) return text === first;
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  });
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function isWithin(network: string, bits: number): Test {
  const list = new BlockList();
  list.addSubnet(network, bits, familyOf(network));
  return isText((text) => isIP(text) !== 0 && list.check(text, familyOf(text)));
}

const COMPARE = {
  '=': (value: number, bound: number) => value === bound,
  '<': (value: number, bound: number) => value < bound,
  '<=': (value: number, bound: number) => value <= bound,
  '>': (value: number, bound: number) => value > bound,
  '>=': (value: number, bound: number) => value >= bound,
} as const;

const Operator = z.enum(['=', '<', '<=', '>', '>=']);
const Bound = z.tuple([Operator, z.number()]);
/** One or two pairs of an operator and a bound. */
const Numeric = z.union([
  Bound.transform((bound) => [bound]),
  z.tuple([Operator, z.number(), Operator, z.number()]).transform(([low, from, high, to]): z.infer<typeof Bound>[] => [
    [low, from],
    [high, to],
  ]),
]);

const oneOrMore = <Schema extends z.ZodType<string | number>>(schema: Schema) =>
  z.union([schema.transform((one) => [one]), z.array(schema).min(1)]);

const ignoringCase = z.strictObject({ 'equals-ignore-case': z.string() });
const Text = z.string();
const Texts = oneOrMore(z.string());

/** What may stand in a list at a leaf, read as the test it stands for; so far AWS takes it in any pattern. */
const Rule = z.union([
  // Text and numbers are never the same: a stream has its numbers as text.
  z.union([Text, z.number(), z.boolean(), z.null()]).transform((wanted) => ofAny((value) => value === wanted)),
  z.strictObject({ exists: z.boolean() }).transform(
    ({ exists }): LeafTest =>
      (leaves) =>
        leaves.length > 0 === exists,
  ),
  z.strictObject({ prefix: Text }).transform(({ prefix }) => ofAny(startsWith(prefix))),
  z.strictObject({ suffix: Text }).transform(({ suffix }) => ofAny(endsWith(suffix))),
  ignoringCase.transform(({ 'equals-ignore-case': text }) => ofAny(equalsIgnoreCase(text))),
  z
    .strictObject({ 'anything-but': oneOrMore(z.union([Text, z.number()])) })
    .transform(({ 'anything-but': refused }) => ofAny((value) => !refused.some((one) => one === value))),
  z
    .strictObject({ numeric: Numeric })
    .transform(({ numeric }) =>
      ofAny((value) => typeof value === 'number' && numeric.every(([name, bound]) => COMPARE[name](value, bound))),
    ),
]);

/** The same, with what only a rule of an event bus may have. */
const BusRule = z.union([
  Rule,
  z
    .strictObject({ prefix: ignoringCase })
    .transform(({ prefix: { 'equals-ignore-case': prefix } }) => ofAny(startsWithIgnoreCase(prefix))),
  z
    .strictObject({ suffix: ignoringCase })
    .transform(({ suffix: { 'equals-ignore-case': suffix } }) => ofAny(endsWithIgnoreCase(suffix))),
  z.strictObject({ wildcard: Text }).transform(({ wildcard }) => ofAny(matchesWildcard(wildcard))),
  z
    .strictObject({ cidr: z.union([z.cidrv4(), z.cidrv6()]) })
    .transform(({ cidr }) => ofAny(isWithin(cidr.split('/')[0] ?? '', Number(cidr.split('/')[1])))),
  z
    .strictObject({
      'anything-but': z.union([
        z.strictObject({ prefix: Texts }).transform(({ prefix }) => prefix.map(startsWith)),
        z.strictObject({ suffix: Texts }).transform(({ suffix }) => suffix.map(endsWith)),
        z
          .strictObject({ 'equals-ignore-case': Texts })
          .transform(({ 'equals-ignore-case': texts }) => texts.map(equalsIgnoreCase)),
        z.strictObject({ wildcard: Texts }).transform(({ wildcard }) => wildcard.map(matchesWildcard)),
      ]),
    })
    .transform(({ 'anything-but': refused }) => ofAny(isNone(refused))),
]);

/** Who reads patterns: Lambda's event sources take less than EventBridge's rules. */
const DIALECTS = { lambda: Rule, eventbridge: BusRule } as const;

interface Context {
  readonly rule: z.ZodType<LeafTest>;
  /** Where in the pattern. */
  readonly path: readonly (string | number)[];
}

/** A pattern that AWS would refuse, or that says nothing. `path` is where: `detail.status[0]`; empty for the whole. */
export class EventPatternError extends FanjoinError {
  override readonly name = 'EventPatternError';
  readonly path: string;
  readonly problem: string;

  constructor(path: readonly (string | number)[], problem: string) {
    const at = pathText(path);
    super('INVALID_PATTERN', `The event pattern is not valid: ${at === '' ? '' : `${at} `}${problem}`, {
      details: { path: at, problem },
    });
    this.path = at;
    this.problem = problem;
  }
}

/**
 * A pattern, as AWS filters events by it. It has the event's shape; at its leaves stand lists of what a value may be. Of a
 * list in the event any element may match.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 * @throws {EventPatternError} for a pattern that AWS would refuse
 */
export function compilePattern(pattern: unknown, dialect: keyof typeof DIALECTS): Test {
  if (Array.isArray(pattern)) throw new EventPatternError([], 'must be an object');
  return compileNode(pattern, { rule: DIALECTS[dialect], path: [] });
}

const within = ({ rule, path }: Context, key: string | number): Context => ({ rule, path: [...path, key] });

function compileNode(pattern: unknown, context: Context): Test {
  if (Array.isArray(pattern)) {
    if (pattern.length === 0) throw new EventPatternError(context.path, 'is an empty list, which nothing matches');
    const tests = pattern.map((rule, index) => compileRule(rule, within(context, index)));
    return (value) => tests.some((test) => test(leavesOf(value)));
  }
  if (typeof pattern !== 'object' || pattern === null) {
    const listed = JSON.stringify([pattern]);
    throw new EventPatternError(context.path, `must be a list of what the value may be: ${listed}`);
  }
  const tests = Object.entries(pattern).map(([key, nested]) => compileProperty(key, nested, context));
  if (tests.length === 0) throw new EventPatternError(context.path, 'is an empty object; name what must match');
  const matches: Test = (value) => tests.every((test) => test(value));
  // Of several objects in a list, one has to match all by itself.
  return (value) => (Array.isArray(value) && value.length > 0 ? value.some(matches) : matches(value));
}

function compileProperty(key: string, nested: unknown, context: Context): Test {
  const inner = within(context, key);
  if (key !== '$or') {
    const test = compileNode(nested, inner);
    return (value) => test(propertyOf(value, key));
  }
  if (!Array.isArray(nested) || nested.length === 0)
    throw new EventPatternError(inner.path, 'must be a list of patterns');
  const branches = nested.map((branch, index) => compileNode(branch, within(inner, index)));
  return (value) => branches.some((test) => test(value));
}

function compileRule(rule: unknown, context: Context): LeafTest {
  const parsed = context.rule.safeParse(rule);
  if (parsed.success) return parsed.data;
  throw new EventPatternError(context.path, `is no comparison known here: ${JSON.stringify(rule)}`);
}

/** An object is no leaf. */
function leavesOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  return value === undefined || (typeof value === 'object' && value !== null) ? [] : [value];
}

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}
