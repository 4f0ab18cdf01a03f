import fc from 'fast-check';

const deep = (levels: number, wrap: (inner: unknown) => unknown): unknown => {
  let value: unknown = 'bottom';
  for (let level = 0; level < levels; level++) value = wrap(value);
  return value;
};

/** Values nobody expects anywhere. Made anew each time: some are large, and who changes one must not change the next. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(null, true, false, 0, -0, -1, 1.5, 1e308, 2 ** 53, '', ' ', '\u0000', '$end'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'é', '\ud800', '👩‍🚀', '\u202e', '%', '../..'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('{% $eval("1") %}', '{% ( %}', '{% $nodes %}', '{% /(a+)+$/ %}', '{%%}', '{%'),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom({ $secret: 'x' }, { $secret: '' }, { toJSON: 1 }, { _jsonata_lambda: true })
      .map((value) => structuredClone(value)),
  },
  { weight: 1, arbitrary: fc.nat({ max: 4 }).map((power) => 'x'.repeat(10 ** power)) },
  { weight: 1, arbitrary: fc.nat({ max: 3 }).map((power) => Array.from({ length: 10 ** power }, () => 0)) },
  { weight: 1, arbitrary: fc.nat({ max: 300 }).map((levels) => deep(levels, (inner) => [inner])) },
  { weight: 1, arbitrary: fc.nat({ max: 300 }).map((levels) => deep(levels, (inner) => ({ a: inner }))) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('{"a":1}', '[1]').map((text): unknown => JSON.parse(`{"__proto__":${text}}`)),
  },
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);

/** What JSON cannot hold, for values that do not come by JSON. */
export const notJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, 10n, Symbol('x')),
  fc
    .constantFrom(
      () => new Map(),
      () => new Date(Number.NaN),
    )
    .map((make) => make()),
  fc.constant(null).map(() => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    return cycle;
  }),
  fc.constant(null).map(() => deep(100_000, (inner) => [inner])),
);

interface Change {
  readonly at: number;
  readonly kind: 'replace' | 'remove' | 'add' | 'rename' | 'repeat';
  readonly key: string;
  readonly value: unknown;
}

const changes = (values: fc.Arbitrary<unknown>): fc.Arbitrary<Change> =>
  fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('replace', 'replace', 'remove', 'add', 'rename', 'repeat'),
    key: fc.constantFrom('__proto__', 'constructor', 'toString', 'x', '', '\u0000', 'dependsOn', 'next', 'nodes', 'é'),
    value: values,
  });

/** Values with up to three changes, each at any place in them. */
export const mutated = (values: fc.Arbitrary<unknown>, by: fc.Arbitrary<unknown> = junk): fc.Arbitrary<unknown> =>
  fc
    .tuple(values, fc.array(changes(by), { maxLength: 3 }))
    .map(([value, list]) => list.reduce((changed, change) => apply(changed, change), structuredClone(value)));

function apply(root: unknown, { at, kind, key, value }: Change): unknown {
  const places = placesIn(root);
  const place = places[at % (places.length + 1)];
  if (place === undefined) return kind === 'replace' ? value : root;
  const { holder, name } = place;
  if (Array.isArray(holder)) {
    if (kind === 'remove') holder.splice(Number(name), 1);
    else if (kind === 'repeat' || kind === 'add') holder.push(kind === 'add' ? value : holder[Number(name)]);
    else holder[Number(name)] = value;
    return root;
  }
  const old: unknown = Reflect.get(holder, name);
  if (kind === 'remove' || kind === 'rename') Reflect.deleteProperty(holder, name);
  if (kind === 'replace') define(holder, name, value);
  else if (kind !== 'remove') define(holder, key, kind === 'add' ? value : old);
  return root;
}

const define = (holder: object, name: string, value: unknown) =>
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });

interface Place {
  readonly holder: object;
  readonly name: string;
}

const MAX_PLACES = 500;

function placesIn(root: unknown): Place[] {
  const places: Place[] = [];
  const open = [root];
  for (let value = open.pop(); open.length >= 0 && value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    for (const name of Object.keys(value)) {
      if (places.length >= MAX_PLACES) return places;
      places.push({ holder: value, name });
      const member: unknown = Reflect.get(value, name);
      if (member !== undefined) open.push(member);
    }
  }
  return places;
}
