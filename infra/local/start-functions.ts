import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FanjoinError } from '../../shared/errors.ts';
import type { Endpoints } from './connect-clients.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from './emulators.ts';
import { LocalFunction, type LocalFunctionOptions } from './local-function.ts';
import type { Meter } from './metering.ts';
import type { PublishedVersions } from './published-versions.ts';
import { batchesAtOnce } from './queue-source.ts';
import type { LocalResources } from './read-resources.ts';
import { functionArn, streamArn, versionArn } from './references.ts';

export interface StartFunctionsOptions {
  readonly resources: LocalResources;
  /** Folder of an asset by its key. */
  readonly assets: ReadonlyMap<string, string>;
  readonly endpoints: Endpoints;
  /** By table, the ARN of its stream as the emulator has it. */
  readonly streamArns: ReadonlyMap<string, string>;
  /** Batches of each event source at once. */
  readonly maxConcurrency: number;
  readonly log: (source: string, line: string) => void;
  /** Default: nothing is metered. */
  readonly meter?: Meter | undefined;
}

/** How the functions of a template are hosted, by their ids. Nothing of this process's environment reaches them. */
export function hostedFunctions({
  resources,
  assets,
  endpoints,
  maxConcurrency,
  log,
  meter,
  streamArns,
}: StartFunctionsOptions): ReadonlyMap<string, LocalFunctionOptions> {
  const realStreams = new Map([...streamArns].map(([table, arn]) => [streamArn(table), arn]));
  const hosted = resources.functions.map(({ id, label, properties }) => {
    const { Code, Environment, Handler, MemorySize, ReservedConcurrentExecutions, Timeout } = properties;
    const [moduleName = '', exportName = ''] = Handler.split('.');
    const folder = assets.get(Code.S3Key);
    if (folder === undefined)
      throw new FanjoinError('ASSET_MISSING', `${id}: there is no asset ${Code.S3Key} in the assembly`);
    const options: LocalFunctionOptions = {
      label,
      file:
        ['.mjs', '.js'].map((extension) => join(folder, `${moduleName}${extension}`)).find(existsSync) ??
        join(folder, `${moduleName}.mjs`),
      exportName,
      functionName: id,
      functionArn: functionArn(id),
      memoryMb: MemorySize,
      timeoutSeconds: Timeout,
      maxWorkers: instancesOf(id, resources, maxConcurrency),
      reservedConcurrency: ReservedConcurrentExecutions,
      env: {
        ...Object.fromEntries(
          Object.entries(Environment.Variables).map(([name, value]) => [name, realStreams.get(value) ?? value]),
        ),
        AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
        AWS_REGION: LOCAL_REGION,
        AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamo,
        AWS_ENDPOINT_URL_DYNAMODB_STREAMS: endpoints.dynamo,
        AWS_ENDPOINT_URL_SQS: endpoints.sqsAndS3,
        AWS_ENDPOINT_URL_S3: endpoints.sqsAndS3,
        AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
        AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.events,
        AWS_ENDPOINT_URL_LAMBDA: endpoints.lambda,
        ...(meter !== undefined && { AWS_SDK_UA_APP_ID: label }),
        AWS_LAMBDA_FUNCTION_NAME: id,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MemorySize),
      },
      log: (line) => log(label, line),
      ...(meter !== undefined && { onInvoked: (invocation) => meter.invocation(invocation) }),
    };
    return [id, options] as const;
  });
  return new Map(hosted);
}

/** Publishes the versions that a template asks for, as its functions are now. */
export function publishVersions(
  { versions }: LocalResources,
  hosted: ReadonlyMap<string, LocalFunctionOptions>,
  published: PublishedVersions,
): void {
  for (const { id, label, properties } of versions) {
    const options = hosted.get(properties.FunctionName);
    if (options === undefined)
      throw new FanjoinError('UNKNOWN_FUNCTION', `${label}: there is no function ${properties.FunctionName}`);
    const arn = versionArn(properties.FunctionName, id);
    published.publish(arn, () => new LocalFunction({ ...options, functionArn: arn }));
  }
}

/** Enough that a message that was received never waits: its time is running. */
function instancesOf(functionId: string, { eventSources }: LocalResources, maxConcurrency: number): number {
  const sources = eventSources.filter(({ properties }) => properties.FunctionName === functionId);
  const batches = sources.map(({ properties }) => batchesAtOnce(properties, maxConcurrency));
  return Math.max(
    maxConcurrency,
    batches.reduce((sum, count) => sum + count, 0),
  );
}
