import { CLOUDWATCH_METRICS } from '../../shared/observability/cloudwatch-metrics.ts';
import { Reconciler } from '../../shared/scheduler/reconcile.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { StartWatch } from '../../shared/scheduler/start-watch.ts';
import { Sweep } from '../../shared/scheduler/sweep.ts';
import { cloudWatch } from '../cloudwatch.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';

const scheduler = new Scheduler({ store, dispatcher, clock });
const sweep = new Sweep({
  store,
  clock,
  reconciler: new Reconciler({ store, scheduler }),
  watch: new StartWatch({ store, clock }),
});

/** Once a minute: deadlines of executions that only wait, and whatever was lost. */
export const handler = async (): Promise<void> => {
  const { failed, ...counts } = await sweep.run();
  cloudWatch?.tell([
    [CLOUDWATCH_METRICS.sweepRepairs, counts.repaired],
    [CLOUDWATCH_METRICS.sweepFailures, failed.length],
  ]);
  if (counts.looked > 0) logger.info('swept', counts);
  if (counts.newer > 0) logger.warn('a newer version of fanjoin is needed to look after executions', counts);
  for (const failure of failed) logger.error('sweep failed', failure);
};
