import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { conditionMatches } from '../../shared/adapters/local/condition-matches.ts';
import type {
  Condition,
  Item,
  ItemChange,
  ItemTable,
  QueryOptions,
  Value,
  WriteOutcome,
} from '../../shared/ports/item-table.ts';
import { aPartition, queryAll, type TableHarness } from './table-harness.ts';

type Attributes = { readonly [name: string]: Value };

type Operation =
  | {
      readonly kind: 'put';
      readonly sk: string;
      readonly attributes: Attributes;
      readonly condition: Condition | undefined;
    }
  | {
      readonly kind: 'update';
      readonly sk: string;
      readonly change: ItemChange;
      readonly condition: Condition | undefined;
    }
  | { readonly kind: 'get'; readonly sk: string }
  | { readonly kind: 'query'; readonly options: QueryOptions };

const SORT_KEYS = ['A', 'A#1', 'A#2', 'B', 'é', '\uffee', '😀'];
const NAMES = ['status', 'n', '$set', '$tagged', 'ключ', 'valueOf'];

const sortKey = fc.constantFrom(...SORT_KEYS);
const name = fc.constantFrom(...NAMES);
const text = fc.string({ unit: 'binary', maxLength: 5 });
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, min: -1e120, max: 1e120 }).map((value) => (Math.abs(value) < 1e-120 ? 0 : value)),
);
const scalar = fc.oneof(text, number, fc.boolean());
const stringSet = fc.uniqueArray(text, { minLength: 1, maxLength: 3 }).map((members) => new Set(members));

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.constant(null),
    fc.uint8Array({ maxLength: 4 }),
    stringSet,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '$set', '$bytes', '$$', 'é'), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
}));

// Few values, so that conditions hold about as often as not and writes often change nothing.
const usualValue = fc.oneof(
  { arbitrary: fc.constantFrom<Value>('X', 'Y', 1, 2, true), weight: 2 },
  { arbitrary: value, weight: 1 },
);
const attributes: fc.Arbitrary<Attributes> = fc.dictionary(name, usualValue, { maxKeys: 4, noNullPrototype: true });

const simpleCondition: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom<Condition>({ kind: 'itemAbsent' }, { kind: 'itemExists' }),
  fc.record({ kind: fc.constantFrom('isAbsent' as const, 'isPresent' as const), attribute: name }),
  fc.record({ kind: fc.constant('equals' as const), attribute: name, value: fc.constantFrom('X', 'Y', 1, 2, true) }),
  fc.record({
    kind: fc.constant('isOneOf' as const),
    attribute: name,
    values: fc.subarray<string | number>(['X', 1, 'Z']),
  }),
  fc.record({
    kind: fc.constant('lessThan' as const),
    attribute: name,
    value: fc.oneof(text, fc.constantFrom('Y', 2)),
  }),
);
const condition = fc.option(
  fc.oneof(
    simpleCondition,
    fc.record({
      kind: fc.constantFrom('all' as const, 'any' as const),
      of: fc.array(simpleCondition, { maxLength: 3 }),
    }),
  ),
  { nil: undefined },
);

const change: fc.Arbitrary<ItemChange> = fc
  .record({
    set: attributes,
    remove: fc.subarray(NAMES, { maxLength: 2 }),
    tags: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')),
  })
  .map(({ set, remove, tags }) => ({
    set,
    remove: remove.filter((removed) => !Object.hasOwn(set, removed)),
    addToSet: { tags },
  }));

const queryOptions: fc.Arbitrary<QueryOptions> = fc.record(
  {
    prefix: fc.constantFrom('A', 'A#', 'é', '😀', 'Z'),
    after: sortKey,
    limit: fc.integer({ min: 1, max: 4 }),
    descending: fc.boolean(),
  },
  { requiredKeys: [] },
);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), sk: sortKey, attributes, condition }),
  fc.record({ kind: fc.constant('update' as const), sk: sortKey, change, condition }),
  fc.record({ kind: fc.constant('get' as const), sk: sortKey }),
  fc.record({ kind: fc.constant('query' as const), options: queryOptions }),
);

/** What a table should be: a map, and the list of what changed. */
class ModelTable {
  readonly pk: string;
  readonly items = new Map<string, Item>();
  readonly changes: { before: Item | undefined; after: Item }[] = [];

  constructor(pk: string) {
    this.pk = pk;
  }

  write(sk: string, next: (standing: Item | undefined) => Item, guard: Condition | undefined): WriteOutcome {
    const standing = this.items.get(sk);
    if (guard !== undefined && !conditionMatches(guard, standing)) return { written: false, standing };
    const item = withoutNegativeZero(next(standing));
    this.items.set(sk, item);
    if (!isDeepStrictEqual(standing, item)) this.changes.push({ before: standing, after: item });
    return { written: true, item };
  }

  query({ prefix = '', after, descending = false }: QueryOptions): readonly Item[] {
    const inOrder = SORT_KEYS.filter((sk) => this.items.has(sk) && sk.startsWith(prefix));
    const position = after === undefined ? -1 : SORT_KEYS.indexOf(after);
    const isBehind = (sk: string) =>
      descending && after !== undefined ? SORT_KEYS.indexOf(sk) < position : SORT_KEYS.indexOf(sk) > position;
    const found = inOrder.filter(isBehind).flatMap((sk) => this.items.get(sk) ?? []);
    return descending ? found.toReversed() : found;
  }
}

function applyToModel(
  key: { pk: string; sk: string },
  standing: Item | undefined,
  { set = {}, remove = [], addToSet = {} }: ItemChange,
): Item {
  const kept = Object.entries(standing ?? {}).filter(([attribute]) => !remove.includes(attribute));
  const tags = standing?.tags instanceof Set ? [...standing.tags] : [];
  const grown = new Set([...tags, ...(addToSet.tags ?? [])]);
  return { ...Object.fromEntries(kept), ...set, ...(grown.size > 0 && { tags: grown }), ...key };
}

/** JSON and DynamoDB know one zero. */
function withoutNegativeZero<T>(input: T): T;
function withoutNegativeZero(input: unknown): unknown {
  if (typeof input === 'number') return input === 0 ? 0 : input;
  if (typeof input !== 'object' || input === null || input instanceof Uint8Array || input instanceof Set) return input;
  if (Array.isArray(input)) return input.map((element: unknown) => withoutNegativeZero(element));
  return Object.fromEntries(Object.entries(input).map(([key, inner]) => [key, withoutNegativeZero(inner)]));
}

async function check(table: ItemTable, model: ModelTable, step: Operation): Promise<void> {
  const { pk } = model;
  switch (step.kind) {
    case 'put': {
      const item = { ...step.attributes, pk, sk: step.sk };
      const expected = model.write(step.sk, () => item, step.condition);
      expect(await table.put(item, step.condition)).toStrictEqual(expected);
      return;
    }
    case 'update': {
      const key = { pk, sk: step.sk };
      const expected = model.write(step.sk, (standing) => applyToModel(key, standing, step.change), step.condition);
      expect(await table.update(key, step.change, step.condition)).toStrictEqual(expected);
      return;
    }
    case 'get':
      expect(await table.get({ pk, sk: step.sk })).toStrictEqual(model.items.get(step.sk));
      return;
    case 'query':
      expect(await queryAll(table, pk, step.options)).toStrictEqual(model.query(step.options));
  }
}

/** `runs` sequences of operations. fast-check prints the seed of one that fails. */
export function tableProperties(harness: () => TableHarness, runs: number): void {
  it('any sequence of conditional writes and reads agrees with a map in memory, and so do its change records', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), async (steps) => {
        const { table, changesOf } = harness();
        const model = new ModelTable(aPartition());

        for (const step of steps) await check(table, model, step);

        const records = await changesOf(model.pk);
        expect(records.map(({ before, after }) => ({ before, after }))).toStrictEqual(model.changes);
      }),
      { numRuns: runs },
    );
  });
}
