import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ServerlessExecutor, type ServerlessExecutorProps } from './constructs/serverless-executor.ts';

export interface ExecutorStackProps extends StackProps, ServerlessExecutorProps {}

/** The executor as a stack of its own. Bound to no account or region, so that it synthesizes without either. */
export class ExecutorStack extends Stack {
  readonly executor: ServerlessExecutor;

  constructor(scope: Construct, id: string, props: ExecutorStackProps = {}) {
    super(scope, id, props);
    this.executor = new ServerlessExecutor(this, 'Executor', props);
    new CfnOutput(this, 'ApiUrl', {
      value: this.executor.api.httpApi.apiEndpoint,
      description: 'Pass as --endpoint to the CLI',
    });
    new CfnOutput(this, 'TableName', {
      value: this.executor.itemTable.table.tableName,
      description: 'Where executions and results are kept',
    });
  }
}
