import * as z from 'zod';

const AttributeDefinition = z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) });
/** What is billed, and never reached here. */
const Throughput = z.strictObject({ ReadCapacityUnits: z.int(), WriteCapacityUnits: z.int() });
const KeyElement = z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) });

/**
 * The properties that have an effect locally, by resource type, references resolved. They are strict: a property that is
 * neither here nor in `ignored-properties.ts` is an error, and so is a value that is not done locally.
 */
export const RESOURCE_SCHEMAS = {
  'AWS::ApiGatewayV2::Api': z.strictObject({ ProtocolType: z.literal('HTTP') }),
  'AWS::ApiGatewayV2::Integration': z.strictObject({
    ApiId: z.string(),
    IntegrationType: z.literal('AWS_PROXY'),
    IntegrationUri: z.string(),
    PayloadFormatVersion: z.literal('2.0'),
  }),
  'AWS::ApiGatewayV2::Route': z.strictObject({
    ApiId: z.string(),
    AuthorizationType: z.literal('AWS_IAM', 'only signed requests are done locally'),
    RouteKey: z.string(),
    Target: z.templateLiteral(['integrations/', z.string()]),
  }),
  'AWS::ApiGatewayV2::Stage': z.strictObject({ ApiId: z.string(), StageName: z.literal('$default') }),
  'AWS::DynamoDB::Table': z.strictObject({
    AttributeDefinitions: z.array(AttributeDefinition),
    BillingMode: z.enum(['PAY_PER_REQUEST', 'PROVISIONED']).default('PROVISIONED'),
    GlobalSecondaryIndexes: z
      .array(
        z.strictObject({
          IndexName: z.string(),
          KeySchema: z.array(KeyElement),
          ProvisionedThroughput: Throughput.optional(),
          Projection: z.strictObject({
            ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
            NonKeyAttributes: z.array(z.string()).optional(),
          }),
        }),
      )
      .optional(),
    KeySchema: z.array(KeyElement),
    ProvisionedThroughput: Throughput.optional(),
    StreamSpecification: z
      .strictObject({ StreamViewType: z.enum(['NEW_AND_OLD_IMAGES', 'NEW_IMAGE', 'OLD_IMAGE', 'KEYS_ONLY']) })
      .optional(),
  }),
  'AWS::Events::EventBus': z.strictObject({ Name: z.string() }),
  'AWS::Events::Rule': z.strictObject({
    /** Name or ARN. Default: the default bus. */
    EventBusName: z.string().optional(),
    EventPattern: z.record(z.string(), z.unknown()).optional(),
    ScheduleExpression: z
      .string()
      .regex(/^rate\(\d+ (minute|hour|day)s?\)$/, 'only rate(…) is done locally')
      .optional(),
    State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
    Targets: z
      .array(
        z.strictObject({
          Arn: z.string(),
          /** JSON text in place of the event. */
          Input: z.string().optional(),
          InputPath: z
            .string()
            .regex(/^\$(\.[\w-]+)*$/, 'only paths of names, as $.detail.nodeId, are done locally')
            .optional(),
          InputTransformer: z
            .strictObject({
              InputTemplate: z.string(),
              /** By name, paths as above. */
              InputPathsMap: z.record(z.string(), z.string()).default({}),
            })
            .optional(),
        }),
      )
      .default([]),
  }),
  'AWS::Lambda::EventInvokeConfig': z.strictObject({
    DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination: z.string() }).optional() }).optional(),
    FunctionName: z.string(),
    MaximumEventAgeInSeconds: z.int().min(60).max(21_600).default(21_600),
    MaximumRetryAttempts: z.int().min(0).max(2).default(2),
    Qualifier: z.literal('$LATEST'),
  }),
  'AWS::Lambda::EventSourceMapping': z.strictObject({
    BatchSize: z.int().min(1),
    BisectBatchOnFunctionError: z.boolean().default(false),
    DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination: z.string() }) }).optional(),
    EventSourceArn: z.string(),
    FilterCriteria: z.strictObject({ Filters: z.array(z.strictObject({ Pattern: z.string() })) }).optional(),
    FunctionName: z.string(),
    FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
    MaximumBatchingWindowInSeconds: z.int().default(0),
    MaximumRecordAgeInSeconds: z.int().default(-1),
    MaximumRetryAttempts: z.int().default(-1),
    ParallelizationFactor: z.int().min(1).max(10).default(1),
    ScalingConfig: z.strictObject({ MaximumConcurrency: z.int().min(2).max(1_000) }).optional(),
    StartingPosition: z.literal('TRIM_HORIZON').optional(),
    TumblingWindowInSeconds: z.int().min(1).max(900).optional(),
  }),
  'AWS::Lambda::Function': z.strictObject({
    Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
    Environment: z.strictObject({ Variables: z.record(z.string(), z.string()) }).default({ Variables: {} }),
    Handler: z.string().regex(/^[\w/-]+\.\w+$/),
    MemorySize: z.int().default(128),
    ReservedConcurrentExecutions: z.int().min(0).optional(),
    Timeout: z.int().default(3),
  }),
  'AWS::Lambda::Version': z.strictObject({ FunctionName: z.string() }),
  'AWS::S3::Bucket': z.strictObject({
    NotificationConfiguration: z
      .strictObject({
        EventBridgeConfiguration: z.strictObject({ EventBridgeEnabled: z.boolean().default(true) }).optional(),
      })
      .optional(),
  }),
  'AWS::Scheduler::Schedule': z.strictObject({
    FlexibleTimeWindow: z.strictObject({ Mode: z.literal('OFF', 'only exact times are done locally') }),
    ScheduleExpression: z.string(),
    ScheduleExpressionTimezone: z.string().default('UTC'),
    State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
    Target: z.strictObject({
      Arn: z.string(),
      /** Text with `<aws.scheduler.…>` in it. */
      Input: z.string().default('{}'),
    }),
  }),
  // What its value is stands in no template.
  'AWS::SecretsManager::Secret': z.strictObject({}),
  'AWS::SQS::Queue': z.strictObject({
    DelaySeconds: z.int().optional(),
    RedrivePolicy: z.strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.int() }).optional(),
    VisibilityTimeout: z.int().default(30),
  }),
  /** What a bucket tells whom; the CDK's way to set it. */
  'Custom::S3BucketNotifications': z.strictObject({
    BucketName: z.string(),
    NotificationConfiguration: z.strictObject({ EventBridgeConfiguration: z.strictObject({}).optional() }),
    /** Of the CDK, and made in its own way here. */
    ServiceToken: z.string(),
  }),
  /** Invokes a function while the stack is deployed. */
  'Custom::Trigger': z.strictObject({
    HandlerArn: z.string(),
    InvocationType: z.literal('RequestResponse'),
    /** Of the CDK, and made in its own way here. */
    ServiceToken: z.string(),
  }),
} as const;

export type ResourceType = keyof typeof RESOURCE_SCHEMAS;
export type ScheduleProperties = z.infer<(typeof RESOURCE_SCHEMAS)['AWS::Scheduler::Schedule']>;
export type RuleProperties = z.infer<(typeof RESOURCE_SCHEMAS)['AWS::Events::Rule']>;
export type EventSourceProperties = z.infer<(typeof RESOURCE_SCHEMAS)['AWS::Lambda::EventSourceMapping']>;
