import { SqsTaskQueue } from '../../shared/adapters/aws/sqs-queue.ts';
import { QueueDeadLetters } from '../../shared/executor/queue-dead-letters.ts';
import { environment } from '../environment.ts';
import { sqs } from '../runtime.ts';

/** No pool can be called so. */
const GIVEN_UP = '#given-up';
const EVENTS = '#events';
const DEAD_EVENTS = '#dead-events';
const unsettledName = (pool: string): string => `${pool}#unsettled`;

const { QUEUE_URLS, UNSETTLED_URLS, GIVEN_UP_URL, EVENT_QUEUE_URLS: eventUrls } = environment;
const unsettled = Object.entries(UNSETTLED_URLS).map(([pool, url]) => [pool, unsettledName(pool), url] as const);

export const deadLetters = new QueueDeadLetters({
  queue: new SqsTaskQueue({
    client: sqs,
    queueUrls: {
      ...QUEUE_URLS,
      ...Object.fromEntries(unsettled.map(([, name, url]) => [name, url])),
      [GIVEN_UP]: GIVEN_UP_URL,
      ...(eventUrls !== undefined && { [EVENTS]: eventUrls.queue, [DEAD_EVENTS]: eventUrls.dead }),
    },
  }),
  unsettled: Object.fromEntries(unsettled.map(([pool, name]) => [pool, name])),
  givenUp: GIVEN_UP,
  // Loaded when it is asked for: hardly ever.
  redriveRecords: async (records) => (await import('./given-up-records.ts')).redriveRecords(records),
  ...(eventUrls !== undefined && { events: { queue: EVENTS, dead: DEAD_EVENTS } }),
});
