import * as z from 'zod';

/** What AWS bills an execution for: how much of each. */
export const OperationCounts = z.object({
  /** Requests to the HTTP API: the start, and what controlled it. Reading is not counted. */
  apiRequests: z.number(),
  /** DynamoDB's write request units: 1 KB each, those of the indexes among them. */
  writeUnits: z.number(),
  /** DynamoDB's read request units: 4 KB each, strongly consistent. */
  readUnits: z.number(),
  /** Requests to SQS: sends, receives and deletes, of up to 10 messages each. */
  queueRequests: z.number(),
  /** Of Lambda functions. */
  invocations: z.number(),
  /** Memory by time of Lambda functions. */
  computeGbSeconds: z.number(),
  /** S3's PUT requests: payloads over 8 KB, and the items of maps. */
  objectPuts: z.number(),
  /** And its GET requests. */
  objectGets: z.number(),
  /** Events put on EventBridge. */
  busEvents: z.number(),
});
export type OperationCounts = Readonly<z.infer<typeof OperationCounts>>;

/**
 * List prices in us-east-1, in USD for one: API Gateway's HTTP API, DynamoDB on demand, SQS standard queues, Lambda on
 * arm64, S3 Standard, EventBridge's custom events. Free tiers are left out, and so are storage and logs. Lambda reads
 * streams for free.
 */
export const PRICES = {
  region: 'us-east-1',
  asOf: '2026-11-23',
  usd: {
    apiRequests: 1e-6,
    writeUnits: 0.625e-6,
    readUnits: 0.125e-6,
    queueRequests: 0.4e-6,
    invocations: 0.2e-6,
    computeGbSeconds: 13.3334e-6,
    objectPuts: 5e-6,
    objectGets: 0.4e-6,
    busEvents: 1e-6,
  } satisfies OperationCounts,
  /** Where each price stands. */
  sources: [
    'https://aws.amazon.com/api-gateway/pricing/',
    'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    'https://aws.amazon.com/sqs/pricing/',
    'https://aws.amazon.com/lambda/pricing/',
    'https://aws.amazon.com/s3/pricing/',
    'https://aws.amazon.com/eventbridge/pricing/',
  ],
  /** What else runs workflows on AWS, in USD for one. Nothing here depends on it; it is what costs are compared with. */
  peers: {
    usd: {
      /** Step Functions, Standard: a transition into a state. */
      standardTransitions: 25e-6,
      /** Step Functions, Express: an execution, and its duration, in 100 ms, by memory, in 64 MB. */
      expressRequests: 1e-6,
      expressGbSeconds: 16.67e-6,
      /** Lambda durable functions: an operation, and the data it writes. */
      durableOperations: 8e-6,
      durableGbWritten: 0.25,
    },
    sources: ['https://aws.amazon.com/step-functions/pricing/', 'https://aws.amazon.com/lambda/pricing/'],
  },
} as const;

/** Counts of each kind, as `of` gives them. */
const operationsBy = (of: (kind: keyof OperationCounts) => number): OperationCounts => ({
  apiRequests: of('apiRequests'),
  writeUnits: of('writeUnits'),
  readUnits: of('readUnits'),
  queueRequests: of('queueRequests'),
  invocations: of('invocations'),
  computeGbSeconds: of('computeGbSeconds'),
  objectPuts: of('objectPuts'),
  objectGets: of('objectGets'),
  busEvents: of('busEvents'),
});

/** All of them together, each `times` as much. */
export const sumOperations = (all: readonly Partial<OperationCounts>[], times = 1): OperationCounts =>
  operationsBy((kind) => all.reduce((sum, counts) => sum + (counts[kind] ?? 0) * times, 0));

/** What operations cost by {@link PRICES}, in USD. */
export const priceOf = (counts: OperationCounts): number =>
  Object.values(operationsBy((kind) => counts[kind] * PRICES.usd[kind])).reduce((sum, usd) => sum + usd, 0);
