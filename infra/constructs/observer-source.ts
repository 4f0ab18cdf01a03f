import { Duration } from 'aws-cdk-lib';
import { FilterCriteria, FilterRule, type Function as LambdaFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { EVENTFUL } from '../../shared/observability/to-events.ts';
import { WINDOW_MS } from '../../shared/store/metrics-store.ts';
import type { ItemTable } from './item-table.ts';

export interface ObserverSourceProps {
  readonly itemTable: ItemTable;
  readonly observer: LambdaFunction;
  /** Where Lambda notes the records it gave up. */
  readonly givenUp: IQueue;
}

/** Changes of executions that make events. The observer's own items make none, and do not invoke it again. */
const FILTER = FilterCriteria.filter({
  eventName: FilterRule.or('INSERT', 'MODIFY'),
  dynamodb: {
    Keys: {
      pk: { S: FilterRule.beginsWith('EXEC#') },
      sk: { S: [...EVENTFUL.keys()].flatMap((type) => FilterRule.beginsWith(type === 'META' ? type : `${type}#`)) },
    },
  },
});

/** Feeds the table's changes to the observer: the second and last consumer a stream should have. */
export class ObserverSource extends Construct {
  constructor(scope: Construct, id: string, { itemTable, observer, givenUp }: ObserverSourceProps) {
    super(scope, id);
    itemTable.allowReadStream(observer);
    observer.addEventSourceMapping('Stream', {
      eventSourceArn: itemTable.streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      // Each batch costs a write for each execution in it: a second's worth of changes makes few of them.
      batchSize: 1_000,
      maxBatchingWindow: Duration.seconds(1),
      // Windows and more than one batch of a shard at once exclude each other.
      tumblingWindow: Duration.millis(WINDOW_MS),
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: 10,
      maxRecordAge: Duration.hours(1),
      onFailure: new SqsDlq(givenUp),
      filters: [FILTER],
    });
  }
}
