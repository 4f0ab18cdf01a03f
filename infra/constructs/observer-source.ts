import { Duration } from 'aws-cdk-lib';
import { FilterCriteria, type Function as LambdaFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ItemTable } from './item-table.ts';
import { OBSERVER_SOURCE, STREAM_FAILURES } from './source-settings.ts';

export interface ObserverSourceProps {
  readonly itemTable: ItemTable;
  readonly observer: LambdaFunction;
  /** Where Lambda notes the records it gave up. */
  readonly givenUp: IQueue;
}

/** Feeds the table's changes to the observer: the second and last consumer a stream should have. */
export class ObserverSource extends Construct {
  constructor(scope: Construct, id: string, { itemTable, observer, givenUp }: ObserverSourceProps) {
    super(scope, id);
    itemTable.allowReadStream(observer);
    observer.addEventSourceMapping('Stream', {
      eventSourceArn: itemTable.streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: OBSERVER_SOURCE.batchSize,
      maxBatchingWindow: Duration.seconds(OBSERVER_SOURCE.batchingWindowSeconds),
      tumblingWindow: Duration.millis(OBSERVER_SOURCE.tumblingWindowMs),
      bisectBatchOnError: STREAM_FAILURES.bisectBatchOnError,
      reportBatchItemFailures: true,
      retryAttempts: STREAM_FAILURES.retryAttempts,
      maxRecordAge: Duration.seconds(STREAM_FAILURES.maxRecordAgeSeconds),
      onFailure: new SqsDlq(givenUp),
      filters: OBSERVER_SOURCE.patterns.map((pattern) => FilterCriteria.filter(pattern)),
    });
  }
}
