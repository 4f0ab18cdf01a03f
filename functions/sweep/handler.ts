import { Reconciler } from '../../shared/scheduler/reconcile.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { Sweep } from '../../shared/scheduler/sweep.ts';
import { clock, dispatcher, logger, store } from '../runtime.ts';

const scheduler = new Scheduler({ store, dispatcher, clock });
const sweep = new Sweep({ store, clock, reconciler: new Reconciler({ store, scheduler }) });

/** Once a minute: deadlines of executions that only wait, and whatever was lost. */
export const handler = async (): Promise<void> => {
  const { failed, ...counts } = await sweep.run();
  if (counts.looked > 0) logger.info('swept', counts);
  for (const failure of failed) logger.error('sweep failed', failure);
};
