import { Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnFunction, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { DEFAULT_POOL } from '../../shared/model/pools.ts';
import { acknowledge } from './acknowledge.ts';
import type { RunnerFunctions } from './executor-functions.ts';

export interface PinnedVersionsProps {
  readonly runners: RunnerFunctions;
  /** Start executions, and say which versions those are pinned to that ask for it. */
  readonly starters: readonly LambdaFunction[];
}

/**
 * Each deploy that changes a runner publishes a version of it, which stays: executions that are pinned
 * (`handlers: 'pinned'`) are run by those they were started under. The runner that takes their work from a queue invokes
 * that version.
 */
export class PinnedVersions extends Construct {
  constructor(scope: Construct, id: string, { runners, starters }: PinnedVersionsProps) {
    super(scope, id);
    const [shared] = runners.all;
    // Pools without a runner of their own are found under the default one: all variables have 4 KB together.
    const own = [...runners.byPool].filter(([pool, runner]) => pool === DEFAULT_POOL || runner !== shared);
    const versions = own.map(([pool, runner]) => [pool, runner.currentVersion.functionArn]);
    const text = Stack.of(this).toJsonString(Object.fromEntries(versions));
    for (const starter of starters) starter.addEnvironment('RUNNER_VERSIONS', text);
    // Not in the role's own policy: the functions wait for that, and this one names them.
    const policy = new Policy(this, 'InvokePolicy', {
      roles: [runners.role],
      statements: [
        new PolicyStatement({
          actions: ['lambda:InvokeFunction'],
          // Their versions, and not what is deployed now: nothing is ever forwarded there.
          resources: runners.all.map(({ functionArn }) => `${functionArn}:*`),
        }),
      ],
    });
    for (const { node } of runners.all) {
      if (!CfnFunction.isCfnFunction(node.defaultChild)) continue;
      const logicalId = String(Stack.of(this).resolve(node.defaultChild.logicalId));
      acknowledge(
        policy,
        `IAM5[Resource::<${logicalId}.Arn>:*]`,
        'Which versions executions are pinned to is known at run time; all are of this function',
      );
    }
  }
}
