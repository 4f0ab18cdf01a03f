import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FanjoinError } from '../../shared/errors.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from './emulators.ts';
import { LocalFunction } from './local-function.ts';
import type { LocalResources } from './read-resources.ts';
import { functionArn } from './references.ts';

export interface StartFunctionsOptions {
  readonly functions: LocalResources['functions'];
  /** Folder of an asset by its key. */
  readonly assets: ReadonlyMap<string, string>;
  readonly endpoints: { readonly dynamo: string; readonly sqsAndS3: string };
  readonly maxWorkers: number;
  readonly log: (source: string, line: string) => void;
}

/** Hosts the functions of a template. Nothing of this process's environment reaches them. */
export function startFunctions({
  functions,
  assets,
  endpoints,
  maxWorkers,
  log,
}: StartFunctionsOptions): readonly LocalFunction[] {
  return functions.map(({ id, label, properties }) => {
    const { Code, Environment, Handler, MemorySize, ReservedConcurrentExecutions, Timeout } = properties;
    const [moduleName = '', exportName = ''] = Handler.split('.');
    const folder = assets.get(Code.S3Key);
    if (folder === undefined)
      throw new FanjoinError('ASSET_MISSING', `${id}: there is no asset ${Code.S3Key} in the assembly`);
    return new LocalFunction({
      label,
      file:
        ['.mjs', '.js'].map((extension) => join(folder, `${moduleName}${extension}`)).find(existsSync) ??
        join(folder, `${moduleName}.mjs`),
      exportName,
      functionName: id,
      functionArn: functionArn(id),
      memoryMb: MemorySize,
      timeoutSeconds: Timeout,
      maxWorkers: Math.min(maxWorkers, ReservedConcurrentExecutions ?? maxWorkers),
      env: {
        ...Environment.Variables,
        AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
        AWS_REGION: LOCAL_REGION,
        AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamo,
        AWS_ENDPOINT_URL_SQS: endpoints.sqsAndS3,
        AWS_ENDPOINT_URL_S3: endpoints.sqsAndS3,
        AWS_LAMBDA_FUNCTION_NAME: id,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MemorySize),
      },
      log: (line) => log(label, line),
    });
  });
}
