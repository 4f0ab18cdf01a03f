import { CLOUDWATCH_METRICS } from '../../shared/observability/cloudwatch-metrics.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { itemType } from '../../shared/store/keys.ts';
import type { CloudWatchMetrics } from '../cloudwatch.ts';

/** A line for each batch would cost as much as the batch. */
const INTERVAL_MS = 60_000;

/**
 * Tells CloudWatch how old the oldest change of each batch is when it is advanced. The first batch of an instance is told
 * of at once, the others of a minute together with the first one of the next; those of an instance's last minute never.
 */
export class LagMeter {
  readonly #metrics: Pick<CloudWatchMetrics, 'addMs' | 'publish'>;
  #publishedAtMs = Number.NEGATIVE_INFINITY;

  constructor(metrics: Pick<CloudWatchMetrics, 'addMs' | 'publish'>) {
    this.#metrics = metrics;
  }

  note(records: readonly ChangeRecord[], nowMs: number): void {
    const ages = records.flatMap((record) => ageOf(record, nowMs) ?? []);
    if (ages.length === 0) return;
    this.#metrics.addMs(CLOUDWATCH_METRICS.schedulerLag, [Math.max(...ages)]);
    if (nowMs - this.#publishedAtMs < INTERVAL_MS) return;
    this.#publishedAtMs = nowMs;
    this.#metrics.publish();
  }
}

/** By the time in the item: the stream's own is in whole seconds. `undefined`: the change has none. */
function ageOf({ key, before, after }: ChangeRecord, nowMs: number): number | undefined {
  if (before !== undefined || after === undefined) return undefined;
  const atMs = itemType(key.sk) === 'META' ? after.startedAtMs : after.endedAtMs;
  return typeof atMs === 'number' ? Math.max(0, nowMs - atMs) : undefined;
}
