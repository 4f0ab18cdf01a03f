import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { CLOUDWATCH_METRICS as NAMES } from '../shared/observability/cloudwatch-metrics.ts';
import type { Pulse } from '../shared/observability/pulse.ts';
import { environment } from './environment.ts';

/** Writes lines of the log that CloudWatch reads; the namespace and the service are in variables of Powertools' own. */
export class CloudWatchMetrics {
  readonly #metrics = new Metrics();

  /** Counts that are 0 are not told: what writes nothing costs nothing. */
  tell(counts: readonly (readonly [name: string, count: number])[]): void {
    for (const [name, count] of counts) if (count > 0) this.#metrics.addMetric(name, MetricUnit.Count, count);
    this.publish();
  }

  /** Each value by itself, so that CloudWatch knows percentiles. */
  tellPulse({ durationsMs, nodeDurationsMs, queueDelaysMs, ...counts }: Pulse): void {
    const values = [
      [NAMES.duration, durationsMs],
      [NAMES.nodeDuration, nodeDurationsMs],
      [NAMES.queueDelay, queueDelaysMs],
    ] as const;
    for (const [name, list] of values) this.addMs(name, list);
    this.tell([
      [NAMES.started, counts.started],
      [NAMES.succeeded, counts.succeeded],
      [NAMES.failed, counts.failed],
      [NAMES.timedOut, counts.timedOut],
      [NAMES.cancelled, counts.cancelled],
      [NAMES.retries, counts.retries],
    ]);
  }

  /** Keeps values for the next line; a hundred of one name make a line of their own. */
  addMs(name: string, valuesMs: readonly number[]): void {
    for (const value of valuesMs) this.#metrics.addMetric(name, MetricUnit.Milliseconds, Math.round(value));
  }

  publish(): void {
    if (this.#metrics.hasStoredMetrics()) this.#metrics.publishStoredMetrics();
  }
}

/** `undefined`: nobody wants metrics. */
export const cloudWatch = environment.POWERTOOLS_METRICS_NAMESPACE === undefined ? undefined : new CloudWatchMetrics();
