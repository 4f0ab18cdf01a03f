/** The bounds that validation enforces, each with where it comes from. */
export const LIMITS = {
  /** Nodes of one workflow: its state must fit one item (400 KB) with room to spare. */
  maxNodes: 100_000,
  /** Nodes of a `conditional` workflow: its state counts the visits of each. */
  maxRouteNodes: 20_000,
  /** JSON bytes of one definition: below what one Lambda invocation takes (6 MB). */
  maxDefinitionBytes: 5_000_000,
  /** JSON bytes of an API request: API Gateway's HTTP API takes 10 MB, the Lambda behind it 6 MB. */
  maxRequestBytes: 5_500_000,
  /** Bytes of an answer of the API, as text within JSON: a Lambda function may return 6 MB. */
  maxAnswerBytes: 6_200_000,
  /** JSON bytes of one node's output or a workflow's input: what a runner holds in memory several times over. */
  maxPayloadBytes: 64_000_000,
  /** A value over so many bytes goes to the blob store: there it becomes cheaper than the table. */
  inlinePayloadBytes: 8_192,
  /** A value of more JSON bytes is not packed into an item: who reads many of them holds them all. */
  packedPayloadBytes: 65_536,
  /** Items of one map. */
  maxMapItems: 1_000_000,
  /** Nesting of any JSON value that comes from a handler or a user. */
  maxJsonDepth: 200,
  maxParallelNodes: 10_000,
  /** One year, as Step Functions has it. */
  maxTimeoutSeconds: 31_536_000,
  maxRetries: 100,
  maxVisits: 100_000,
  maxChunkSize: 10_000,
  /** Of one workflow. */
  maxTriggers: 50,
  /** Characters of an event pattern: what EventBridge takes. */
  maxPatternLength: 4_096,
  /** Characters of one expression. */
  maxExpressionLength: 10_000,
} as const;
