import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CLOUDWATCH_METRICS } from '../../shared/observability/cloudwatch-metrics.ts';

/** What CloudWatch is told of executions. It takes $0.30 a month for each metric that has values; there are 13. */
export interface MetricsProps {
  /** @default `Fanjoin` */
  readonly namespace?: string;
  /** Tells this executor's metrics from another's: the dimension `service`. @default the construct's path */
  readonly service?: string;
}

/** The shortest time that alarms and graphs look at. */
export const PERIOD = Duration.minutes(5);
/** CloudWatch's bound on what one alarm may add up. */
const MAX_TERMS = 10;

/** The metrics that the executor's functions write into their logs. */
export class ExecutorMetrics {
  readonly namespace: string;
  readonly service: string;

  constructor({ namespace = 'Fanjoin', service }: MetricsProps, path: string) {
    this.namespace = namespace;
    this.service = service ?? path;
  }

  /** Has a function write metrics. */
  connect(user: LambdaFunction): void {
    user.addEnvironment('POWERTOOLS_METRICS_NAMESPACE', this.namespace);
    user.addEnvironment('POWERTOOLS_SERVICE_NAME', this.service);
  }

  /** @param name as in `shared/observability/cloudwatch-metrics.ts`: `failed`, `nodeDuration`, … */
  metric(name: keyof typeof CLOUDWATCH_METRICS, statistic: string = Stats.SUM): Metric {
    return new Metric({
      namespace: this.namespace,
      metricName: CLOUDWATCH_METRICS[name],
      dimensionsMap: { service: this.service },
      statistic,
      period: PERIOD,
    });
  }
}

/** The sum of metrics; several, each of a part of them, where CloudWatch cannot add up so many. */
export function sumsOf(label: string, metrics: readonly IMetric[]): IMetric[] {
  const parts = Array.from({ length: Math.ceil(metrics.length / MAX_TERMS) }, (_, part) =>
    metrics.slice(part * MAX_TERMS, (part + 1) * MAX_TERMS),
  );
  return parts.map((part) => {
    const terms = part.map((metric, index) => [`m${index}`, metric] as const);
    return new MathExpression({
      label,
      expression: `SUM([${terms.map(([id]) => id).join(',')}])`,
      usingMetrics: Object.fromEntries(terms),
      period: PERIOD,
    });
  });
}
