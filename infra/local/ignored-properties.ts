/** Why a property has no local effect, by its path; `[]` stands for each element of a list. */
type Ignored = Readonly<Record<string, string>>;

const NO_IAM = 'nothing is authorized locally';
const NO_METRICS = 'metrics are lines of the log here, which nobody reads';
const NO_ENCRYPTION = 'what is kept locally is kept in memory, unencrypted';
const NO_RETENTION = 'what is kept locally is gone when the stack stops';

/** Properties of the template that change nothing locally. Any other that the local stack does not know is an error. */
export const IGNORED_PROPERTIES: Readonly<Record<string, Ignored>> = {
  'AWS::ApiGatewayV2::Api': {
    Name: 'a label',
  },
  'AWS::ApiGatewayV2::Stage': {
    AccessLogSettings: 'requests are not noted here',
    AutoDeploy: 'the one stage serves what the template has',
  },
  'AWS::DynamoDB::Table': {
    PointInTimeRecoverySpecification: NO_RETENTION,
    TimeToLiveSpecification: 'DynamoDB Local would delete expired items within hours; no local stack runs that long',
  },
  'AWS::Events::Rule': {
    Description: 'a label',
    'Targets[].DeadLetterConfig': 'an event always reaches its target here',
    'Targets[].Id': 'a label',
    'Targets[].RetryPolicy': 'an event always reaches its target here',
  },
  'AWS::Lambda::Function': {
    Architectures: 'functions run on this machine',
    Description: 'a label',
    LoggingConfig: 'log lines go to this terminal',
    RecursiveLoop: 'no loops are looked for locally',
    Role: NO_IAM,
    Runtime: 'functions run on this Node.js',
  },
  'Custom::S3BucketNotifications': {
    Managed: 'nobody else sets what a bucket tells here',
    SkipDestinationValidation: 'what it tells EventBridge has no destination',
  },
  'Custom::Trigger': {
    ExecuteOnHandlerChange: 'a stack is deployed once here',
    Timeout: "the function's own bounds it",
  },
  'AWS::S3::Bucket': {
    BucketEncryption: NO_ENCRYPTION,
    LifecycleConfiguration: NO_RETENTION,
    PublicAccessBlockConfiguration: NO_IAM,
  },
  'AWS::Scheduler::Schedule': {
    Description: 'a label',
    'Target.DeadLetterConfig': 'an event always reaches its target here',
    'Target.RoleArn': NO_IAM,
  },
  'AWS::SecretsManager::Secret': {
    Description: 'a label',
  },
  'AWS::SQS::Queue': {
    MessageRetentionPeriod: NO_RETENTION,
    SqsManagedSseEnabled: NO_ENCRYPTION,
  },
};

const NAMED = 'a resource is called by its logical id here, and told to functions by that';

/** The same of what only applications have beside the executor: it is not in its template. */
export const IGNORED_OF_APPLICATIONS: Readonly<Record<string, Ignored>> = {
  'AWS::DynamoDB::Table': {
    DeletionProtectionEnabled: NO_RETENTION,
    SSESpecification: NO_ENCRYPTION,
    TableClass: 'nothing is billed',
    TableName: NAMED,
  },
  'AWS::Events::Rule': {
    Name: 'a label',
  },
  'AWS::Lambda::Function': {
    FunctionName: NAMED,
    TracingConfig: 'nobody takes its segments',
  },
  'AWS::S3::Bucket': {
    AccessControl: NO_IAM,
    BucketName: NAMED,
    CorsConfiguration: 'no browser comes here',
    LoggingConfiguration: 'requests are not noted here',
    OwnershipControls: NO_IAM,
    VersioningConfiguration: 'of each object the last version is kept',
  },
  'AWS::SecretsManager::Secret': {
    GenerateSecretString: 'its value is in a variable of the local stack',
    KmsKeyId: NO_ENCRYPTION,
    Name: NAMED,
  },
  'AWS::SQS::Queue': {
    KmsDataKeyReusePeriodSeconds: NO_ENCRYPTION,
    KmsMasterKeyId: NO_ENCRYPTION,
    QueueName: NAMED,
    ReceiveMessageWaitTimeSeconds: 'who receives says how long it waits',
  },
};

/** Properties of every type that change nothing locally: applications give them to all they have. */
export const IGNORED_EVERYWHERE: Ignored = { Tags: 'a label' };

/** Resource types of which nothing is made locally. */
export const IGNORED_TYPES: Readonly<Record<string, string>> = {
  'AWS::CloudWatch::Alarm': NO_METRICS,
  'AWS::CloudWatch::Dashboard': NO_METRICS,
  'AWS::IAM::Policy': NO_IAM,
  'AWS::IAM::Role': NO_IAM,
  'AWS::Lambda::Permission': NO_IAM,
  'AWS::Logs::LogGroup': 'log lines go to this terminal',
  'AWS::S3::BucketPolicy': NO_IAM,
  'AWS::SQS::QueuePolicy': NO_IAM,
};

/** A resource's properties without the ignored ones; the original is left as it is. */
export function withoutIgnored(type: string, properties: Readonly<Record<string, unknown>>): unknown {
  const ignored = { ...IGNORED_EVERYWHERE, ...IGNORED_PROPERTIES[type], ...IGNORED_OF_APPLICATIONS[type] };
  const paths = Object.keys(ignored).map((path) => path.replaceAll('[]', '.[]').split('.'));
  return paths.reduce<unknown>(withoutPath, properties);
}

function withoutPath(value: unknown, path: readonly string[]): unknown {
  const [head, ...rest] = path;
  if (head === undefined || typeof value !== 'object' || value === null) return value;
  if (head === '[]') return Array.isArray(value) ? value.map((element) => withoutPath(element, rest)) : value;
  const entries = Object.entries(value).flatMap(([key, property]) => {
    if (key !== head) return [[key, property] as const];
    return rest.length === 0 ? [] : [[key, withoutPath(property, rest)] as const];
  });
  return Object.fromEntries(entries);
}

/** One line for each resource type: what of it has no local effect. */
export const ignoredInShort = (): string[] =>
  [
    ...Object.keys(IGNORED_EVERYWHERE).map((property) => `all: ${property}`),
    ...Object.keys(IGNORED_TYPES).map((type) => type),
    ...Object.entries(IGNORED_PROPERTIES).map(([type, properties]) => `${type}: ${Object.keys(properties).join(', ')}`),
  ].sort();
