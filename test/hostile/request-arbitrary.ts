import fc from 'fast-check';
import * as z from 'zod';
import { definitions, hostileDefinitions } from './definition-trials.ts';
import { junk, mutated } from './mutations.ts';
import { valuesOf } from './schema-arbitrary.ts';

const Parameter = z.looseObject({ name: z.string(), in: z.string(), schema: z.unknown() });
const Operation = z.looseObject({
  parameters: z.array(Parameter).default([]),
  requestBody: z
    .looseObject({ content: z.looseObject({ 'application/json': z.looseObject({ schema: z.unknown() }) }) })
    .optional(),
});
const Document = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

/** A request as a client would send it; nothing is encoded yet. */
export interface HostileRequest {
  readonly method: string;
  /** As the document has it: `/executions/{executionId}`. */
  readonly template: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Few, so that requests meet: what one starts another pauses. */
const KNOWN_IDS = ['one', 'two', 'three', '01HZZZZZZZZZZZZZZZZZZZZZZZ', 'one@1', 'w', 'other', 'prod', 'default'];

/** Pages' cursors as the store would give them, and what somebody makes of them. */
const cursors = fc.oneof(
  fc.constantFrom(
    ...['RESULT#n0#000001#0001', 'RESULT#', 'META', 'STATE', 'EXEC#one', 'WORKFLOW#w', '000000000000000#one'],
    ...['999999999999999#x', 'EVENT#0', '#', '{"pk":"EXEC#one"}', '\u0000', '%00', '-1', '', '../META'],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.base64String({ maxLength: 60 }),
);

const texts = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...KNOWN_IDS) },
  { weight: 1, arbitrary: junk.map((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 100 }) },
  { weight: 1, arbitrary: cursors },
);

/** Requests that an OpenAPI document describes, most of them with something in them that it does not allow. */
export function requestsOf(openApi: unknown): fc.Arbitrary<HostileRequest> {
  const operations = operationsOf(openApi).map(({ method, template, operation }) => {
    // There is most to get wrong in a body. A look at the dead letters waits for the queue, a second or more.
    const weight = template.startsWith('/dead-letters') ? 1 : operation.requestBody === undefined ? 6 : 20;
    return { weight, arbitrary: requestsTo(method, template, operation, openApi) };
  });
  return fc.oneof(...operations);
}

/** Requests for a page of a list behind a cursor that the API may not have given. */
export function cursorRequestsOf(openApi: unknown): fc.Arbitrary<HostileRequest> {
  const lists = operationsOf(openApi).filter(({ operation }) =>
    operation.parameters.some(({ name }) => name === 'after'),
  );
  const pages = lists.map(({ method, template }) =>
    fc.record({ executionId: fc.constantFrom(...KNOWN_IDS), workflow: fc.constant('w'), after: cursors }).map(
      ({ executionId, workflow, after }): HostileRequest => ({
        method,
        template,
        params: { executionId, workflow },
        query: { ...(template === '/executions' && { workflow }), after },
        headers: {},
        body: undefined,
      }),
    ),
  );
  return fc.oneof(...pages);
}

const operationsOf = (openApi: unknown) =>
  Object.entries(Document.parse(openApi).paths).flatMap(([template, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const parsed = Operation.safeParse(operation);
      return parsed.success ? [{ method: method.toUpperCase(), template, operation: parsed.data }] : [];
    }),
  );

const startOf = (executionId: string): HostileRequest => ({
  method: 'POST',
  template: '/executions',
  params: {},
  query: {},
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ executionId, definition: { name: 'w', nodes: { n0: { type: 'task', handler: 'work' } } } }),
});

/** To be sent first: the ids that are known are then of something. */
export const FIRST_REQUESTS: readonly HostileRequest[] = [
  ...KNOWN_IDS.slice(0, 3).map(startOf),
  {
    ...startOf('x'),
    template: '/workflows',
    body: JSON.stringify({ definition: { name: 'w', nodes: { n0: { type: 'task', handler: 'work' } } } }),
  },
];

/** Changes nothing. */
export const WARMING_REQUEST: HostileRequest = {
  method: 'GET',
  template: '/executions/{executionId}',
  params: { executionId: 'one' },
  query: {},
  headers: {},
  body: undefined,
};

function requestsTo(
  method: string,
  template: string,
  { parameters, requestBody }: z.infer<typeof Operation>,
  document: unknown,
): fc.Arbitrary<HostileRequest> {
  const valuesIn = (place: string) =>
    parameters
      .filter((parameter) => parameter.in === place)
      .map(
        ({ name, schema }) => [name, name === 'after' ? fc.oneof(cursors, valued(schema)) : valued(schema)] as const,
      );
  const valued = (schema: unknown) =>
    fc.oneof(
      {
        weight: 3,
        arbitrary: valuesOf(schema, document).map((value) => (typeof value === 'string' ? value : String(value))),
      },
      { weight: 1, arbitrary: texts },
    );
  const strangers = fc.dictionary(
    fc.constantFrom('colour', '__proto__', 'limit[x]', 'searchAttributes[a]', ''),
    texts,
    {
      maxKeys: 1,
    },
  );
  const some = (entries: readonly (readonly [string, fc.Arbitrary<string>])[]) =>
    fc
      .tuple(
        ...entries.map(([name, values]) =>
          fc.option(
            values.map((value) => [name, value] as const),
            { nil: undefined },
          ),
        ),
      )
      .map((given) => Object.fromEntries(given.filter((entry) => entry !== undefined)));
  const schema = requestBody?.content['application/json'].schema;
  return fc.record({
    method: fc.constant(method),
    template: fc.constant(template),
    params: fc.record(Object.fromEntries(valuesIn('path').map(([name]) => [name, texts]))),
    query: fc
      .tuple(
        some(valuesIn('query')),
        fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: strangers }),
      )
      .map(([known, unknown]) => ({ ...known, ...unknown })),
    headers: headers(some(valuesIn('header'))),
    body: bodies(schema, document),
  });
}

const headers = (known: fc.Arbitrary<Record<string, string>>) =>
  fc
    .tuple(
      known,
      fc.record(
        {
          'content-type': fc.oneof(
            { weight: 6, arbitrary: fc.constant('application/json') },
            {
              weight: 1,
              arbitrary: fc.constantFrom('text/plain', 'application/xml', 'application/json; charset=x', ''),
            },
          ),
          traceparent: fc.constantFrom(
            '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
            '00-00000000000000000000000000000000-0000000000000000-00',
            'x'.repeat(100),
          ),
          tracestate: fc.constantFrom('a=b', 'x'.repeat(520)),
        },
        { requiredKeys: ['content-type'] },
      ),
    )
    .map(([own, further]) => ({ ...own, ...further }));

function bodies(schema: unknown, document: unknown): fc.Arbitrary<string | undefined> {
  const stray: fc.Arbitrary<string | undefined> = fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '{}', 'null', '[]', '{', '"x"', '{"a":1,"a":2}', '\u0000', '{"__proto__":1}'),
    },
    { weight: 1, arbitrary: fc.nat({ max: 50_000 }).map((depth) => '['.repeat(depth)) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  );
  if (schema === undefined) return stray;
  const definition = fc.oneof({ weight: 3, arbitrary: definitions }, { weight: 1, arbitrary: hostileDefinitions });
  const executionId = fc.oneof(fc.constantFrom(...KNOWN_IDS.slice(0, 4)), texts);
  const apt = {
    definition,
    executionId,
    before: fc.constantFrom('n0', 'n1', 'x'),
    pool: fc.constantFrom('default', 'no'),
  };
  const values = valuesOf(schema, document, apt);
  return fc.oneof(
    { weight: 5, arbitrary: values.map(textOf) },
    { weight: 4, arbitrary: mutated(values.map(asJson)).map(textOf) },
    { weight: 1, arbitrary: stray },
  );
}

const textOf = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    // Cycles and the like cannot be sent.
    return '{"definition":';
  }
};

/** What can be copied and changed. */
const asJson = (value: unknown): unknown => {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null');
  } catch {
    return null;
  }
};
