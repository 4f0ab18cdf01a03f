import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { FilterCriteria, FilterRule, type Function as LambdaFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ItemTable } from './item-table.ts';

export interface StreamSourceProps {
  readonly itemTable: ItemTable;
  readonly scheduler: LambdaFunction;
  /** Invocations at once for one shard of the stream, 1 to 10; records of one execution stay in order. @default 10 */
  readonly parallelizationFactor?: number;
}

/**
 * The records the scheduler acts on. Lambda drops the others before an invocation, unpaid: above all the scheduler's own
 * saves of a state, each of which would otherwise invoke it again.
 */
const FILTERS = [
  // A start whose first nodes nobody has sent.
  FilterCriteria.filter({
    eventName: FilterRule.isEqual('INSERT'),
    dynamodb: {
      Keys: { sk: { S: FilterRule.isEqual('META') } },
      NewImage: {
        status: { S: FilterRule.or('RUNNING', 'PAUSED') },
        isHandedOff: { BOOL: FilterRule.notExists() },
      },
    },
  }),
  // Every flag that is raised while an execution is open. Its end concerns nobody here.
  FilterCriteria.filter({
    eventName: FilterRule.isEqual('MODIFY'),
    dynamodb: {
      Keys: { sk: { S: FilterRule.isEqual('META') } },
      NewImage: { status: { S: FilterRule.or('RUNNING', 'PAUSED') } },
    },
  }),
  // Results that somebody has to go on from. The stream has numbers as text.
  FilterCriteria.filter({ dynamodb: { NewImage: { advance: { N: FilterRule.isEqual('1') } } } }),
];

/** Feeds the table's changes to the scheduler, in the order in which each execution made them. */
export class StreamSource extends Construct {
  /** Where Lambda notes the records it gave up. Nobody consumes it: the sweep repairs what they told; look here for why. */
  readonly givenUp: Queue;

  constructor(scope: Construct, id: string, { itemTable, scheduler, parallelizationFactor = 10 }: StreamSourceProps) {
    super(scope, id);
    this.givenUp = new Queue(this, 'GivenUp', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    itemTable.allowReadStream(scheduler);
    // Not a DynamoEventSource: that one grants ListStreams on every resource.
    scheduler.addEventSourceMapping('Stream', {
      eventSourceArn: itemTable.streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      parallelizationFactor,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      // Bounded: a record that fails again and again holds up all behind it. The sweep makes good what is given up.
      retryAttempts: 10,
      maxRecordAge: Duration.hours(1),
      onFailure: new SqsDlq(this.givenUp),
      filters: FILTERS,
    });
  }
}
