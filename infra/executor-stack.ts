import { join } from 'node:path';
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { EmptySecret } from './constructs/empty-secret.ts';
import { ServerlessExecutor, type ServerlessExecutorProps } from './constructs/serverless-executor.ts';
import type { TriggersProps } from './constructs/workflow-triggers.ts';

export interface ExecutorStackProps extends StackProps, Omit<ServerlessExecutorProps, 'handlersEntry' | 'triggers'> {
  /** The module that exports the application's `handlers`. @default examples/handlers.ts */
  readonly handlersEntry?: string;
  /** Names of secrets to make, each without a value until it is given one; beside those in `secrets`. @default none */
  readonly newSecrets?: readonly string[];
  /** As {@link ServerlessExecutorProps.triggers}; a function makes what triggers name in this stack. @default nothing */
  readonly triggers?: TriggersProps | ((stack: Stack) => TriggersProps);
}

/** The executor as a stack of its own. Bound to no account or region, so that it synthesizes without either. */
export class ExecutorStack extends Stack {
  readonly executor: ServerlessExecutor;

  constructor(scope: Construct, id: string, props: ExecutorStackProps = {}) {
    super(scope, id, props);
    const secrets = this.#makeSecrets(props);
    const { triggers } = props;
    this.executor = new ServerlessExecutor(this, 'Executor', {
      handlersEntry: join(import.meta.dirname, '../examples/handlers.ts'),
      ...props,
      secrets: { ...secrets, ...props.secrets },
      triggers: typeof triggers === 'function' ? triggers(this) : (triggers ?? {}),
    });
    new CfnOutput(this, 'ApiUrl', {
      value: this.executor.api.httpApi.apiEndpoint,
      description: 'Pass as --endpoint to the CLI',
    });
    new CfnOutput(this, 'TableName', {
      value: this.executor.itemTable.table.tableName,
      description: 'Where executions and results are kept',
    });
  }

  #makeSecrets({ newSecrets = [], removalPolicy }: ExecutorStackProps) {
    const scope = new Construct(this, 'Secrets');
    return Object.fromEntries(
      newSecrets.map((name) => {
        const { secret } = new EmptySecret(scope, name, {
          description: `The secret '${name}' of fanjoin's workflows`,
          ...(removalPolicy !== undefined && { removalPolicy }),
        });
        new CfnOutput(scope, `${name}Arn`, {
          value: secret.secretArn,
          description: `Give the secret '${name}' its value`,
        });
        return [name, secret];
      }),
    );
  }
}
