import { EVENTFUL } from '../../shared/observability/to-events.ts';
import { WINDOW_MS } from '../../shared/store/metrics-store.ts';

/** What Lambda's event sources are set to. Plain values, so that tests run on the very ones that are deployed. */

/** Of both consumers of the stream. Bounded: a record that fails again and again holds up all behind it. The sweep makes good what is given up. */
export const STREAM_FAILURES = { bisectBatchOnError: true, retryAttempts: 10, maxRecordAgeSeconds: 3_600 } as const;

export const SCHEDULER_SOURCE = {
  /** What a partition takes in a second. */
  batchSize: 1_000,
  /**
   * Invocations at once for one shard of the stream, 1 to 10. With more than one Lambda keeps the order of each item alone, so
   * that those of one execution come to several at once: they are right all the same, and contend for its state.
   */
  parallelizationFactor: 1,
  /**
   * The records the scheduler acts on. Lambda drops the others before an invocation, unpaid: above all the scheduler's own
   * saves of a state, each of which would otherwise invoke it again.
   */
  patterns: [
    // A start whose first nodes nobody has sent.
    {
      eventName: ['INSERT'],
      dynamodb: {
        Keys: { sk: { S: ['META'] } },
        NewImage: { status: { S: ['RUNNING', 'PAUSED'] }, isHandedOff: { BOOL: [{ exists: false }] } },
      },
    },
    // Every flag that is raised while an execution is open. Its end concerns nobody here.
    {
      eventName: ['MODIFY'],
      dynamodb: { Keys: { sk: { S: ['META'] } }, NewImage: { status: { S: ['RUNNING', 'PAUSED'] } } },
    },
    // Results that somebody has to go on from. The stream has numbers as text.
    { dynamodb: { NewImage: { advance: { N: ['1'] } } } },
  ],
} as const;

export const OBSERVER_SOURCE = {
  // Each batch costs a write for each execution in it: a second's worth of changes makes few of them.
  batchSize: 1_000,
  batchingWindowSeconds: 1,
  // Windows and more than one batch of a shard at once exclude each other.
  tumblingWindowMs: WINDOW_MS,
  /** Changes of executions that make events. The observer's own items make none, and do not invoke it again. */
  patterns: [
    {
      eventName: ['INSERT', 'MODIFY'],
      dynamodb: {
        Keys: {
          pk: { S: [{ prefix: 'EXEC#' }] },
          sk: { S: [...EVENTFUL.keys()].map((type) => ({ prefix: type === 'META' ? type : `${type}#` })) },
        },
      },
    },
  ],
} as const;

export const POOL_SOURCE = {
  /** Deliveries of one message before it is given up. */
  maxReceiveCount: 5,
  /** The same of what was given up, more than before it: whether a message brings its count along when it is moved is not documented. */
  deadLetterMaxReceiveCount: 10,
  /** Between the end of an invocation and the removal of its messages. */
  visibilityMarginSeconds: 30,
  deadLetterBatchSize: 10,
} as const;

export const TRIGGER_SOURCE = {
  batchSize: 10,
  /** Invocations at once: some thousand starts a second. */
  maxConcurrency: 10,
  /** Deliveries of one event before it is given up. */
  maxReceiveCount: 5,
} as const;

export const TIMEOUT_SECONDS = {
  scheduler: 60,
  runner: 300,
  deadLetter: 60,
  observer: 60,
  sweep: 300,
  /** What a queue hides messages for unless it is told otherwise, and Lambda asks for no less: queues of the application work as they are. */
  trigger: 30,
} as const;
