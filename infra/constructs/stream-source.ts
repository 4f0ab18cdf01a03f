import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { FilterCriteria, type Function as LambdaFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { ItemTable } from './item-table.ts';
import { SCHEDULER_SOURCE, STREAM_FAILURES } from './source-settings.ts';

export interface StreamSourceProps {
  readonly itemTable: ItemTable;
  readonly scheduler: LambdaFunction;
}

/** Feeds the table's changes to the scheduler, those of one item in their order. */
export class StreamSource extends Construct {
  /** Where Lambda notes the records it gave up. Nobody consumes it: the sweep repairs what they told; look here for why. */
  readonly givenUp: Queue;

  constructor(scope: Construct, id: string, { itemTable, scheduler }: StreamSourceProps) {
    super(scope, id);
    this.givenUp = new Queue(this, 'GivenUp', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(this.givenUp, 'SQS3', 'It is where failures end, and has no consumer that could fail');
    itemTable.allowReadStream(scheduler);
    // Not a DynamoEventSource: that one grants ListStreams on every resource.
    scheduler.addEventSourceMapping('Stream', {
      eventSourceArn: itemTable.streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: SCHEDULER_SOURCE.batchSize,
      parallelizationFactor: SCHEDULER_SOURCE.parallelizationFactor,
      bisectBatchOnError: STREAM_FAILURES.bisectBatchOnError,
      reportBatchItemFailures: true,
      retryAttempts: STREAM_FAILURES.retryAttempts,
      maxRecordAge: Duration.seconds(STREAM_FAILURES.maxRecordAgeSeconds),
      onFailure: new SqsDlq(this.givenUp),
      filters: SCHEDULER_SOURCE.patterns.map((pattern) => FilterCriteria.filter(pattern)),
    });
  }
}
