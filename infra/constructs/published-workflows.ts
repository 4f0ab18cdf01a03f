import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Trigger } from 'aws-cdk-lib/triggers';
import { Construct } from 'constructs';
import type { Plan } from '../../shared/core/plan.ts';

/** Puts what is to be published beside the publisher's code: another definition makes another version of the function. */
export function writeWorkflows(folder: string, plans: readonly Plan[]): void {
  writeFileSync(join(folder, 'workflows.json'), JSON.stringify(plans.map(({ definition }) => definition)));
}

export interface PublishedWorkflowsProps {
  readonly publisher: LambdaFunction;
  /** What must be there before: the functions with the handlers that the workflows name. */
  readonly after: readonly Construct[];
}

/** Publishes workflows with each deployment that changes them. It fails, and is rolled back, if they cannot be. */
export class PublishedWorkflows extends Construct {
  constructor(scope: Construct, id: string, { publisher, after }: PublishedWorkflowsProps) {
    super(scope, id);
    new Trigger(this, 'Trigger', { handler: publisher, executeAfter: [...after] });
  }
}
