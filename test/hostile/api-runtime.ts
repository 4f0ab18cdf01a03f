import { environment } from '../../functions/environment.ts';
import { createAwsClients } from '../../shared/adapters/aws/clients.ts';
import { SqsTaskQueue } from '../../shared/adapters/aws/sqs-queue.ts';
import { Logger } from '../../shared/observability/logger.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { Dispatcher } from '../../shared/scheduler/dispatcher.ts';
import { openStore } from '../../shared/store/store.ts';
import { MemoryBlobs } from '../simulation/memory-blobs.ts';
import { MemoryTable } from '../simulation/memory-table.ts';
import { atOnce } from '../simulation/ports.ts';

/** In the place of `functions/runtime.ts`: a table in memory, a clock that waits for nobody. */
export const { sqs, s3 } = createAwsClients();
let nowMs = 1_700_000_000_000;
export const clock: Clock = {
  nowMs: () => nowMs,
  after: (delayMs, task) => {
    const timer = setImmediate(() => {
      nowMs += Math.ceil(delayMs);
      task();
    });
    return () => clearImmediate(timer);
  },
};
/** What the function would write into its log. */
export const logged: string[] = [];
export const logger = new Logger({ level: 'error', write: (line) => logged.push(line) });
const ports = atOnce(new MemoryTable(), new MemoryBlobs());
export const store = openStore(ports.table, ports.blobs);
export const dispatcher = new Dispatcher(new SqsTaskQueue({ client: sqs, queueUrls: environment.QUEUE_URLS }));
