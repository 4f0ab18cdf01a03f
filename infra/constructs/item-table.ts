import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { DUE_INDEX, LISTING_INDEX } from '../../shared/adapters/aws/dynamo-table.ts';
import { LISTED_ATTRIBUTES } from '../../shared/ports/item-table.ts';
import { allow } from './allow.ts';

/** What functions do with single items and with one partition's items. */
export type ItemAction = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem';

export interface ItemTableProps {
  /** What becomes of the table when its stack is deleted. @default RETAIN: it holds every execution's results */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * The one table: items under (`pk`, `sk`), their stream, the sparse `due` index of what the sweep looks at, and the index
 * of executions by workflow.
 *
 * A `Table`, not a `TableV2`: that one deploys as a global table, even with a single replica.
 */
export class ItemTable extends Construct {
  readonly table: Table;
  /** ARN of the table's stream. */
  readonly streamArn: string;

  constructor(scope: Construct, id: string, { removalPolicy = RemovalPolicy.RETAIN }: ItemTableProps = {}) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAtS',
      removalPolicy,
    });
    this.table.addGlobalSecondaryIndex({
      indexName: DUE_INDEX,
      partitionKey: { name: 'dueShard', type: AttributeType.STRING },
      sortKey: { name: 'dueAtMs', type: AttributeType.NUMBER },
      projectionType: ProjectionType.ALL,
    });
    this.table.addGlobalSecondaryIndex({
      indexName: LISTING_INDEX,
      partitionKey: { name: 'workflow', type: AttributeType.STRING },
      sortKey: { name: 'listedAs', type: AttributeType.STRING },
      // Not what inputs and outputs weigh, nor what every execution changes: it is written into it once.
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: LISTED_ATTRIBUTES.filter((name) => name !== 'workflow' && name !== 'listedAs'),
    });
    if (this.table.tableStreamArn === undefined) throw new Error('Unreachable: the table has a stream');
    this.streamArn = this.table.tableStreamArn;
  }

  /** Lets a function use items, and tells it where they are. */
  connect(user: LambdaFunction, ...actions: readonly ItemAction[]): void {
    allow(
      user,
      actions.map((action) => `dynamodb:${action}`),
      this.table.tableArn,
    );
    user.addEnvironment('TABLE_NAME', this.table.tableName);
  }

  /** Lets a function find what is due. */
  allowQueryDue(user: LambdaFunction): void {
    allow(user, ['dynamodb:Query'], `${this.table.tableArn}/index/${DUE_INDEX}`);
  }

  /** Lets a function list executions, or watch those that start. */
  allowQueryListed(user: LambdaFunction): void {
    allow(user, ['dynamodb:Query'], `${this.table.tableArn}/index/${LISTING_INDEX}`);
  }

  /**
   * Lets a function be fed by the stream. Not through the table's own `grantStreamRead`, which allows `ListStreams` on
   * every resource.
   */
  allowReadStream(user: LambdaFunction): void {
    const actions = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'];
    allow(
      user,
      actions.map((action) => `dynamodb:${action}`),
      this.streamArn,
    );
  }

  /** Lets a function read records of the stream again that it knows the place of, and tells it which stream. */
  allowReadAgain(user: LambdaFunction): void {
    allow(user, ['dynamodb:GetRecords', 'dynamodb:GetShardIterator'], this.streamArn);
    user.addEnvironment('STREAM_ARN', this.streamArn);
  }
}
