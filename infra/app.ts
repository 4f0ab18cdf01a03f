import { App } from 'aws-cdk-lib';
import { ExecutorStack } from './executor-stack.ts';

const app = new App({ analyticsReporting: false });
new ExecutorStack(app, 'Fanjoin', { description: 'fanjoin: a serverless workflow executor' });
app.synth();
