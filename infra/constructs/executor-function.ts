import { join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, RecursiveLoop, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { LogLevel } from '../../shared/observability/logger.ts';
import { bundle } from './bundle.ts';

const FUNCTIONS = join(import.meta.dirname, '../../functions');

export interface ExecutorFunctionProps {
  /** Its folder under `functions/`. */
  readonly folder: 'api' | 'scheduler' | 'node-runner' | 'dead-letter' | 'sweep';
  readonly description: string;
  readonly timeout: Duration;
  readonly memorySize: number;
  /** @default `warn`: nothing per node */
  readonly logLevel?: LogLevel;
  /** How long log lines are kept. @default one month */
  readonly logRetention?: RetentionDays;
  /** Files that replace subpath imports, by import: `{ '#handlers': '/app/handlers.ts' }`. @default those of package.json */
  readonly replacedImports?: Readonly<Record<string, string>>;
  /** The messages it sends may come back to it. @default false */
  readonly sendsToItself?: boolean;
}

/** One of the executor's functions: bundled by esbuild, with a role and a log group that are its own. */
export class ExecutorFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: ExecutorFunctionProps) {
    const { folder, description, timeout, memorySize, logLevel = 'warn', logRetention = RetentionDays.ONE_MONTH, replacedImports = {} } = props;
    const logGroup = new LogGroup(scope, `${id}Logs`, { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });
    // A role of our own: the one the library makes may write to every log group.
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    super(scope, id, {
      description,
      code: bundle(role, { entry: join(FUNCTIONS, folder, 'handler.ts'), replacedImports }),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout,
      memorySize,
      logGroup,
      role,
      environment: { LOG_LEVEL: logLevel },
      // Lambda stops what looks like a loop after 16 rounds. A node that is retried more often than that is none.
      ...(props.sendsToItself === true && { recursiveLoop: RecursiveLoop.ALLOW }),
    });
  }
}
