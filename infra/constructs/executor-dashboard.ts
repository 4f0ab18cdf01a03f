import { Duration } from 'aws-cdk-lib';
import { type Alarm, AlarmStatusWidget, Dashboard, GraphWidget, type IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ageOf } from './executor-alarms.ts';
import { type ExecutorMetrics, PERIOD } from './executor-metrics.ts';

export interface DashboardParts {
  /** `undefined`: nothing is known of executions. */
  readonly metrics: ExecutorMetrics | undefined;
  readonly alarms: readonly Alarm[];
  readonly scheduler: LambdaFunction;
  readonly observer: LambdaFunction;
  readonly functions: readonly LambdaFunction[];
  /** The work that waits, by pool. */
  readonly queues: ReadonlyMap<string, IQueue>;
}

const WIDTH = 12;

/** What goes on, on one page: alarms, executions, nodes, queues, functions. CloudWatch takes $3 a month for each beyond three. */
export class ExecutorDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, { metrics, alarms, ...parts }: DashboardParts) {
    super(scope, id);
    this.dashboard = new Dashboard(this, 'Dashboard', { defaultInterval: Duration.hours(3) });
    if (alarms.length > 0)
      this.dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', width: 2 * WIDTH, alarms: [...alarms] }));
    if (metrics !== undefined) this.#addExecutions(metrics);
    this.#addParts(parts);
  }

  #addExecutions(metrics: ExecutorMetrics): void {
    const percentiles = (name: Parameters<ExecutorMetrics['metric']>[0]) =>
      [Stats.p(50), Stats.p(95), Stats.p(99)].map((statistic) => metrics.metric(name, statistic));
    const counts = (['started', 'succeeded', 'failed', 'timedOut', 'cancelled'] as const).map((name) =>
      metrics.metric(name),
    );
    this.#row(graph('Executions', counts), graph('Duration of executions', percentiles('duration')));
    this.#row(
      graph('Duration of nodes', percentiles('nodeDuration')),
      graph('Delay in queues', percentiles('queueDelay')),
    );
    const troubles = (['retries', 'deadLetters', 'sweepRepairs', 'sweepFailures'] as const).map((name) =>
      metrics.metric(name),
    );
    this.#row(graph('Retries and repairs', troubles), graph('Lag of the scheduler', percentiles('schedulerLag')));
  }

  #addParts({ scheduler, observer, functions, queues }: Omit<DashboardParts, 'metrics' | 'alarms'>): void {
    const waiting = [...queues].map(([pool, queue]) =>
      queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, label: pool, statistic: Stats.MAXIMUM }),
    );
    this.#row(graph('Work that waits', waiting), graph('Behind the stream', [ageOf(scheduler), ageOf(observer)]));
    this.#row(
      graph(
        'Errors of functions',
        functions.map((one) => one.metricErrors({ period: PERIOD, label: one.node.id })),
      ),
      graph(
        'Invocations',
        functions.map((one) => one.metricInvocations({ period: PERIOD, label: one.node.id })),
      ),
    );
  }

  #row(...widgets: readonly GraphWidget[]): void {
    this.dashboard.addWidgets(...widgets);
  }
}

const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: WIDTH });
