import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface SweepScheduleProps {
  readonly sweep: LambdaFunction;
  /** Where it is noted that a sweep could not be invoked, or failed. */
  readonly undelivered: IQueue;
}

/** Invokes the sweep once a minute. One that fails is not repeated: the next is due before long. */
export class SweepSchedule extends Construct {
  readonly rule: Rule;

  constructor(scope: Construct, id: string, { sweep, undelivered }: SweepScheduleProps) {
    super(scope, id);
    this.rule = new Rule(this, 'Rule', {
      description: 'Deadlines of executions that only wait, and repairs',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [
        new LambdaTarget(sweep, { retryAttempts: 0, maxEventAge: Duration.minutes(1), deadLetterQueue: undelivered }),
      ],
    });
    sweep.configureAsyncInvoke({
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
      onFailure: new SqsDestination(undelivered),
    });
  }
}
