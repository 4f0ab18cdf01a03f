import { FanjoinError } from '../../shared/errors.ts';
import type { LocalResource, LocalResources } from './read-resources.ts';
import { queueArn } from './references.ts';
import type { EventSourceProperties } from './resource-schemas.ts';

/** What AWS has against a resource; `undefined`: nothing. */
type Rule<Properties> = (properties: Properties, resources: LocalResources) => string | undefined;
type FunctionProperties = LocalResources['functions'][number]['properties'];
type QueueProperties = LocalResources['queues'][number]['properties'];

const between = (name: string, value: number | undefined, least: number, most: number): string | undefined =>
  value === undefined || (value >= least && value <= most)
    ? undefined
    : `${name} must be between ${least} and ${most}, and is ${value}`;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

const MAX_VARIABLES_BYTES = 4_096;
/** Two characters at the least, but for what the runtime sets, which is told by itself. */
const VARIABLE_NAME = /^(_HANDLER|_X_AMZN_TRACE_ID|[a-zA-Z][a-zA-Z0-9_]+)$/;
/** Set by the runtime. */
const RESERVED_VARIABLES =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_DEFAULT_REGION|AWS_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_(FUNCTION_(NAME|MEMORY_SIZE|VERSION)|INITIALIZATION_TYPE|LOG_(GROUP|STREAM)_NAME|RUNTIME_API)|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_(TASK_ROOT|RUNTIME_DIR))$/;

/**
 * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
 */
const FUNCTION_RULES: readonly Rule<FunctionProperties>[] = [
  ({ Timeout }) => between('Timeout', Timeout, 1, 900),
  ({ MemorySize }) => between('MemorySize', MemorySize, 128, 10_240),
  ({ Environment: { Variables } }) => {
    const bytes = sum(Object.entries(Variables).map(([name, value]) => Buffer.byteLength(name + value)));
    return bytes > MAX_VARIABLES_BYTES
      ? `the environment variables have ${bytes} bytes together, which exceeds the 4KB limit`
      : undefined;
  },
  ({ Environment: { Variables } }) => {
    const reserved = Object.keys(Variables).filter((name) => RESERVED_VARIABLES.test(name));
    return reserved.length > 0 ? `the environment variables contain reserved keys: ${reserved.join(', ')}` : undefined;
  },
  ({ Environment: { Variables } }) => {
    const invalid = Object.keys(Variables).filter((name) => !VARIABLE_NAME.test(name));
    return invalid.length > 0
      ? `names of environment variables have a letter, then letters, digits and _, and these do not: ${invalid.join(', ')}`
      : undefined;
  },
];

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
const QUEUE_RULES: readonly Rule<QueueProperties>[] = [
  ({ VisibilityTimeout }) => between('VisibilityTimeout', VisibilityTimeout, 0, 43_200),
  ({ DelaySeconds }) => between('DelaySeconds', DelaySeconds, 0, 900),
  ({ RedrivePolicy }) => between('maxReceiveCount', RedrivePolicy?.maxReceiveCount, 1, 1_000),
];

/**
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 */
const SOURCE_RULES: readonly Rule<EventSourceProperties>[] = [
  ({ BatchSize }) => between('BatchSize', BatchSize, 1, 10_000),
  ({ MaximumBatchingWindowInSeconds: seconds }) => between('MaximumBatchingWindowInSeconds', seconds, 0, 300),
  // Five by default; a quota raises it to ten.
  ({ FilterCriteria }) => between('The number of filters', FilterCriteria?.Filters.length, 0, 10),
  ({ FilterCriteria }) => between('The length of a filter pattern', maxLength(FilterCriteria?.Filters), 0, 4_096),
];

/**
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
const QUEUE_SOURCE_RULES: readonly Rule<EventSourceProperties>[] = [
  ...SOURCE_RULES,
  ({ BatchSize, MaximumBatchingWindowInSeconds }) =>
    BatchSize > 10 && MaximumBatchingWindowInSeconds === 0
      ? 'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10'
      : undefined,
  ({ EventSourceArn, FunctionName }, { queues, functions }) => {
    const hidden = queues.find(({ id }) => queueArn(id) === EventSourceArn)?.properties.VisibilityTimeout ?? 0;
    const timeout = functions.find(({ id }) => id === FunctionName)?.properties.Timeout ?? 0;
    return hidden < timeout
      ? `Queue visibility timeout: ${hidden} seconds is less than Function timeout: ${timeout} seconds`
      : undefined;
  },
  (properties) => {
    const { BisectBatchOnFunctionError, DestinationConfig, StartingPosition, TumblingWindowInSeconds } = properties;
    const ofStreams = {
      ...{ DestinationConfig, StartingPosition, TumblingWindowInSeconds },
      BisectBatchOnFunctionError: BisectBatchOnFunctionError || undefined,
      MaximumRecordAgeInSeconds: properties.MaximumRecordAgeInSeconds >= 0 || undefined,
      MaximumRetryAttempts: properties.MaximumRetryAttempts >= 0 || undefined,
      ParallelizationFactor: properties.ParallelizationFactor > 1 || undefined,
    };
    return unsupported(ofStreams);
  },
];

/**
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html
 */
const STREAM_SOURCE_RULES: readonly Rule<EventSourceProperties>[] = [
  ...SOURCE_RULES,
  ({ MaximumRetryAttempts }) => between('MaximumRetryAttempts', MaximumRetryAttempts, -1, 10_000),
  ({ MaximumRecordAgeInSeconds: age }) =>
    age === -1 ? undefined : between('MaximumRecordAgeInSeconds', age, 60, 604_800),
  ({ StartingPosition }) => (StartingPosition === undefined ? 'StartingPosition is required' : undefined),
  ({ ScalingConfig }) => unsupported({ ScalingConfig }),
  ({ TumblingWindowInSeconds, ParallelizationFactor }) =>
    TumblingWindowInSeconds !== undefined && ParallelizationFactor > 1
      ? 'a tumbling window needs a ParallelizationFactor of 1'
      : undefined,
];

const maxLength = (filters: readonly { readonly Pattern: string }[] = []): number =>
  Math.max(0, ...filters.map(({ Pattern }) => Pattern.length));

function unsupported(properties: Readonly<Record<string, unknown>>): string | undefined {
  const given = Object.entries(properties).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  return given.length > 0 ? `Unsupported ${given.join(', ')} for given event source mapping type` : undefined;
}

/**
 * Refuses what AWS refuses to deploy, all of it at once.
 * @throws {FanjoinError} `DEPLOYMENT_REFUSED`, naming each resource and what to change
 */
export function assertDeployable(resources: LocalResources): void {
  const isOfQueue = ({ properties }: LocalResource<EventSourceProperties>) =>
    resources.queues.some(({ id }) => queueArn(id) === properties.EventSourceArn);
  const check = <Properties>(
    found: readonly LocalResource<Properties>[],
    rules: readonly Rule<Properties>[],
  ): readonly string[] =>
    found.flatMap(({ id, properties }) =>
      rules.flatMap((rule) => {
        const refusal = rule(properties, resources);
        return refusal === undefined ? [] : [`  ${id}: ${refusal}`];
      }),
    );
  const { eventSources } = resources;
  const refusals = [
    ...check(resources.functions, FUNCTION_RULES),
    ...check(resources.queues, QUEUE_RULES),
    ...check(eventSources.filter(isOfQueue), QUEUE_SOURCE_RULES),
    ...check(
      eventSources.filter((source) => !isOfQueue(source)),
      STREAM_SOURCE_RULES,
    ),
  ];
  if (refusals.length === 0) return;
  throw new FanjoinError('DEPLOYMENT_REFUSED', `AWS would refuse to deploy this:\n${refusals.join('\n')}`);
}
