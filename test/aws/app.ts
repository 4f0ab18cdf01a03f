import { join } from 'node:path';
import { App, CfnOutput, RemovalPolicy } from 'aws-cdk-lib';
import * as z from 'zod';
import { ExecutorStack } from '../../infra/executor-stack.ts';

/** The stack that `npm run verify:aws` deploys: `cdk --app 'node test/aws/app.ts' -c stack=NAME`. */
const app = new App({ analyticsReporting: false });
const name = z.string().parse(app.node.tryGetContext('stack'));
const stack = new ExecutorStack(app, name, {
  description: 'fanjoin, to be verified and destroyed',
  handlersEntry: join(import.meta.dirname, 'handlers.ts'),
  removalPolicy: RemovalPolicy.DESTROY,
});
new CfnOutput(stack, 'BucketName', { value: stack.executor.payloadBucket.bucket.bucketName });
new CfnOutput(stack, 'FunctionNames', {
  value: Object.values(stack.executor.functions)
    .map(({ functionName }) => functionName)
    .join(','),
});
app.synth();
