import { Duration } from 'aws-cdk-lib';
import type { IHttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type ExecutorMetrics, PERIOD, sumsOf } from './executor-metrics.ts';

export interface AlarmsProps {
  /** What happens when one goes off, and when it is over: `[new SnsAction(topic)]`. @default nothing */
  readonly actions?: readonly IAlarmAction[];
  /** Of a hundred executions that end within five minutes, so many may fail or time out. @default 10 */
  readonly failurePercentage?: number;
  /** Of fewer ends within five minutes a failure rate says nothing. @default 10 */
  readonly minimumEnded?: number;
  /** How far the scheduler and the observer may be behind the table's stream. @default one minute */
  readonly maxStreamAge?: Duration;
}

/** What is looked at. */
export interface AlarmedParts {
  /** `undefined`: nothing is known of executions. */
  readonly metrics: ExecutorMetrics | undefined;
  readonly scheduler: LambdaFunction;
  readonly observer: LambdaFunction;
  readonly functions: readonly LambdaFunction[];
  readonly httpApi: Pick<IHttpApi, 'metricServerError'>;
  /** Work that nobody could settle, by pool. */
  readonly unsettled: readonly IQueue[];
  /** Changes of the table that were given up. */
  readonly givenUp: IQueue;
  /** Events that no function could take. */
  readonly undelivered: IQueue;
  /** Events of triggers that started nothing; `undefined`: there are no triggers. */
  readonly startedNothing: IQueue | undefined;
}

interface AlarmSpec {
  readonly name: string;
  readonly means: string;
  readonly metrics: readonly IMetric[];
  /** @default 1, and it goes off there */
  readonly above?: number;
}

/** Alarms on what needs somebody to look. CloudWatch takes $0.10 a month for each metric that one looks at. */
export class ExecutorAlarms extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, { actions = [], ...props }: AlarmsProps & AlarmedParts) {
    super(scope, id);
    this.alarms = [...onParts(props), ...onExecutions(props)].flatMap(({ name, means, metrics, above }) =>
      metrics.map((metric, part) => {
        const alarm = new Alarm(this, part === 0 ? name : `${name}${part + 1}`, {
          metric,
          alarmDescription: means,
          evaluationPeriods: 1,
          ...(above === undefined
            ? { threshold: 1, comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD }
            : { threshold: above, comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD }),
          // What nothing is told of has not happened.
          treatMissingData: TreatMissingData.NOT_BREACHING,
        });
        alarm.addAlarmAction(...actions);
        alarm.addOkAction(...actions);
        return alarm;
      }),
    );
  }
}

function onParts({ maxStreamAge = Duration.minutes(1), ...parts }: AlarmsProps & AlarmedParts): AlarmSpec[] {
  const { scheduler, observer, functions, httpApi, unsettled, givenUp, undelivered, startedNothing } = parts;
  const above = maxStreamAge.toMilliseconds();
  return [
    {
      name: 'Unsettled',
      means: 'Work lies that not even the dead-letter function could settle: GET /dead-letters lists it',
      metrics: sumsOf('Unsettled work', unsettled.map(messagesIn)),
    },
    {
      name: 'GivenUp',
      means: 'Changes of the table were given up: what they told is made good by the sweep, later',
      metrics: [messagesIn(givenUp)],
    },
    {
      name: 'Undelivered',
      means: 'Events lie that could not be delivered, or whose function failed each time',
      metrics: [messagesIn(undelivered)],
    },
    {
      name: 'StartedNothing',
      means: "Events of triggers lie that started nothing: the trigger function's log says why",
      metrics: startedNothing === undefined ? [] : [messagesIn(startedNothing)],
    },
    {
      name: 'SchedulerErrors',
      means: 'The scheduler fails: executions stand still, or go on late',
      metrics: [scheduler.metricErrors({ period: PERIOD })],
    },
    {
      name: 'SchedulerAge',
      means: "The scheduler is behind the table's stream: executions go on late",
      ...{ metrics: [ageOf(scheduler)], above },
    },
    {
      name: 'ObserverAge',
      means: "The observer is behind the table's stream: histories and metrics are late",
      ...{ metrics: [ageOf(observer)], above },
    },
    {
      name: 'ApiErrors',
      means: 'The API answers with 5xx: the log of its function says why, or that the function did not answer in time',
      // A single one may be repeated, as any request of the API.
      ...{ metrics: [httpApi.metricServerError({ period: PERIOD, statistic: Stats.SUM })], above: 4 },
    },
    {
      name: 'Throttles',
      means: "Functions are throttled: the account's concurrency is used up",
      metrics: sumsOf(
        'Throttles',
        functions.map((one) => one.metricThrottles({ period: PERIOD })),
      ),
    },
  ];
}

function onExecutions({ metrics, failurePercentage = 10, minimumEnded = 10 }: AlarmsProps & AlarmedParts): AlarmSpec[] {
  if (metrics === undefined) return [];
  const failures = new MathExpression({
    label: 'Failed of a hundred',
    expression: `IF(ended >= ${minimumEnded}, 100 * (FILL(failed, 0) + FILL(timedOut, 0)) / ended, 0)`,
    usingMetrics: {
      // Each that ends has one duration.
      ended: metrics.metric('duration', Stats.SAMPLE_COUNT),
      failed: metrics.metric('failed'),
      timedOut: metrics.metric('timedOut'),
    },
    period: PERIOD,
  });
  return [
    {
      name: 'DeadLetters',
      means: 'Nodes failed because their runners crashed each time: the log of the dead-letter function names them',
      metrics: [metrics.metric('deadLetters')],
    },
    {
      name: 'FailureRate',
      means: `Over ${failurePercentage} of a hundred executions fail or time out`,
      ...{ metrics: [failures], above: failurePercentage },
    },
    {
      name: 'SweepRepairs',
      means: 'Something was lost, and the sweep made it good: the other alarms may say why',
      metrics: [metrics.metric('sweepRepairs')],
    },
    {
      name: 'SweepFailures',
      means: 'Executions that the sweep cannot look after: its log names them, and nobody ends them at their deadline',
      metrics: [metrics.metric('sweepFailures')],
    },
  ];
}

const messagesIn = (queue: IQueue): IMetric =>
  queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM });

export const ageOf = (reader: LambdaFunction): IMetric =>
  reader.metric('IteratorAge', { period: PERIOD, statistic: Stats.MAXIMUM });
