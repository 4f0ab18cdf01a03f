import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as LambdaFunction, RecursiveLoop, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { LogLevel } from '../../shared/observability/logger.ts';

export interface ExecutorFunctionProps {
  readonly description: string;
  readonly code: Code;
  readonly timeout: Duration;
  readonly memorySize: number;
  /** @default `warn`: nothing per node */
  readonly logLevel?: LogLevel;
  /** How long log lines are kept. @default one month */
  readonly logRetention?: RetentionDays;
  /** Variables besides those that its connections set. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** What it runs as. @default a role of its own */
  readonly role?: Role;
  /** Published versions stay when the function has a newer one: something may still be pinned to them. @default false */
  readonly retainsVersions?: boolean;
  /** The messages it sends may come back to it. @default false */
  readonly sendsToItself?: boolean;
}

/** One of the executor's functions, with a log group of its own. */
export class ExecutorFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: ExecutorFunctionProps) {
    const { description, code, timeout, memorySize, logLevel = 'warn', logRetention = RetentionDays.ONE_MONTH } = props;
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // The role that the library makes may write to every log group.
    const role =
      props.role ?? new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    super(scope, id, {
      description,
      code,
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout,
      memorySize,
      logGroup,
      role,
      environment: { ...props.environment, LOG_LEVEL: logLevel },
      ...(props.retainsVersions === true && { currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN } }),
      // Lambda stops what looks like a loop after 16 rounds. A node that is retried more often than that is none.
      ...(props.sendsToItself === true && { recursiveLoop: RecursiveLoop.ALLOW }),
    });
  }
}
