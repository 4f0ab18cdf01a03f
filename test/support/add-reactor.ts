import { join } from 'node:path';
import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { ExecutorStack } from '../../infra/executor-stack.ts';

/** Adds a function as a user has one, `Reactor`, that prints what it hears of executions: `heard {…}`. */
export function addReactor(stack: ExecutorStack, pattern: EventPattern = {}): void {
  const eventBus = stack.executor.lifecycleBus;
  if (eventBus === undefined) throw new Error('The stack sends no lifecycle events');
  const reactor = new LambdaFunction(stack, 'Reactor', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromAsset(join(import.meta.dirname, 'reactor')),
  });
  new Rule(stack, 'Reactions', {
    eventBus,
    description: 'What is reacted to',
    eventPattern: { source: ['fanjoin'], ...pattern },
    targets: [new LambdaTarget(reactor)],
  });
}
