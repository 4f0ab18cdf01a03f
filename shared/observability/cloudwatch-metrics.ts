/** What the executor tells CloudWatch, in its namespace; the dimension `service` names the executor. */
export const CLOUDWATCH_METRICS = {
  /** Those that are answered from the cache are among them. */
  started: 'ExecutionsStarted',
  /** A redrive ends an execution once more. */
  succeeded: 'ExecutionsSucceeded',
  /** Not those that timed out or were cancelled. */
  failed: 'ExecutionsFailed',
  /** Its `timeoutSeconds` were over. */
  timedOut: 'ExecutionsTimedOut',
  /** By whoever asked for it. */
  cancelled: 'ExecutionsCancelled',
  /** Milliseconds, from the start or the last redrive to the end. */
  duration: 'ExecutionDuration',
  /** Milliseconds: what a visit's attempts took, the waits between them left out. */
  nodeDuration: 'NodeDuration',
  /** Milliseconds between a node's dispatch and the beginning of its first attempt. */
  queueDelay: 'QueueDelay',
  /** Attempts that failed and are repeated. */
  retries: 'NodeRetries',
  /** Milliseconds: the age of the oldest change in a batch of the scheduler's. */
  schedulerLag: 'SchedulerLag',
  /** Work whose runners crashed each time. */
  deadLetters: 'DeadLetters',
  /** Executions of which something had been lost, and was made good. */
  sweepRepairs: 'SweepRepairs',
  /** Executions that the sweep could not look at. */
  sweepFailures: 'SweepFailures',
} as const;
