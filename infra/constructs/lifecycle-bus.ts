import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { LifecycleScope } from '../../shared/observability/lifecycle-event.ts';
import { allow } from './allow.ts';
import type { ItemTable } from './item-table.ts';

export interface LifecycleEventsProps {
  /** Where events go. @default the account's default bus */
  readonly bus?: IEventBus;
  /**
   * Whether to tell of nodes that do not fail, too: that they succeeded, were skipped or are to be retried and, with
   * `traceExecution`, started. A chain of ten then makes 12 events in place of 2, $12 for a million executions.
   * @default false: executions, and nodes that failed
   */
  readonly nodeEvents?: boolean;
}

/** The bus that lifecycle events go on. It is not made here: what reacts to them is another stack's, more often than not. */
export class LifecycleBus extends Construct {
  readonly bus: IEventBus;
  /** Whether of executions and failed nodes, or of all nodes. */
  readonly tellsOf: LifecycleScope;

  constructor(scope: Construct, id: string, { bus, nodeEvents = false }: LifecycleEventsProps = {}) {
    super(scope, id);
    this.bus = bus ?? EventBus.fromEventBusName(this, 'Default', 'default');
    this.tellsOf = nodeEvents ? 'nodes' : 'executions';
  }

  /** Lets the observer put events on the bus, and tells it which to put where. */
  connect(observer: LambdaFunction, itemTable: ItemTable): void {
    allow(observer, ['events:PutEvents'], this.bus.eventBusArn);
    observer.addEnvironment('EVENT_BUS_ARN', this.bus.eventBusArn);
    observer.addEnvironment('LIFECYCLE_EVENTS', this.tellsOf);
    // A node's change does not name its workflow: META does.
    itemTable.connect(observer, 'GetItem');
  }
}
