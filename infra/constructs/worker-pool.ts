import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { POOL_SOURCE } from './source-settings.ts';

/** How much of a pool's work runs at once: `maxConcurrency` × `batchSize` handlers. */
export interface PoolConcurrency {
  /** Invocations of the node runner for this pool at once: 2 to 1,000. */
  readonly maxConcurrency: number;
  /** Messages to an invocation, whose handlers run side by side: 1 to 10. */
  readonly batchSize: number;
}

export interface WorkerPoolProps extends PoolConcurrency {
  /** Timeout of the function that consumes the queue. */
  readonly runnerTimeout: Duration;
  /** Timeout of the function that consumes the dead-letter queue. */
  readonly deadLetterTimeout: Duration;
}

const VISIBILITY_MARGIN = Duration.seconds(POOL_SOURCE.visibilityMarginSeconds);

/** A pool: the queue that carries its work, and the one where work ends that no runner could finish. */
export class WorkerPool extends Construct {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  /** Where work ends that even the dead-letter function could not settle. Nobody consumes it: the API lists and redrives it. */
  readonly unsettledQueue: Queue;
  readonly #concurrency: PoolConcurrency;

  constructor(
    scope: Construct,
    id: string,
    { runnerTimeout, deadLetterTimeout, maxConcurrency, batchSize }: WorkerPoolProps,
  ) {
    super(scope, id);
    this.#concurrency = { maxConcurrency, batchSize };
    const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy: RemovalPolicy.DESTROY };
    this.unsettledQueue = new Queue(this, 'UnsettledQueue', { ...common, retentionPeriod: Duration.days(14) });
    this.deadLetterQueue = new Queue(this, 'DeadLetterQueue', {
      ...common,
      visibilityTimeout: deadLetterTimeout.plus(VISIBILITY_MARGIN),
      retentionPeriod: Duration.days(14),
      deadLetterQueue: { queue: this.unsettledQueue, maxReceiveCount: POOL_SOURCE.deadLetterMaxReceiveCount },
    });
    this.queue = new Queue(this, 'Queue', {
      ...common,
      // AWS's advice of six times the function's timeout is for sources that Lambda throttles: their messages are tried
      // again within it. A source with a maximum concurrency takes only what it can run, and here all that a longer time
      // does is to keep the work of a crashed runner waiting.
      visibilityTimeout: runnerTimeout.plus(VISIBILITY_MARGIN),
      retentionPeriod: Duration.days(14),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: POOL_SOURCE.maxReceiveCount },
    });
  }

  /** Feeds the pool's work to its runner, and what it could not finish to the dead-letter function. */
  feed(runner: LambdaFunction, deadLetter: LambdaFunction): void {
    runner.addEventSource(new SqsEventSource(this.queue, { ...this.#concurrency, reportBatchItemFailures: true }));
    deadLetter.addEventSource(
      new SqsEventSource(this.deadLetterQueue, {
        batchSize: POOL_SOURCE.deadLetterBatchSize,
        maxConcurrency: 2,
        reportBatchItemFailures: true,
      }),
    );
  }
}
