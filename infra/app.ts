import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import * as z from 'zod';
import { ExecutorStack } from './executor-stack.ts';

/** `-c secrets=stripe-key,smtp-password`: the secrets that workflows may refer to. */
const Secrets = z
  .string()
  .transform((names) => names.split(',').map((name) => name.trim()))
  .default([]);

const app = new App({ analyticsReporting: false });
// Findings fail the synthesis; what is acknowledged says why beside its resource.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
new ExecutorStack(app, 'Fanjoin', {
  description: 'fanjoin: a serverless workflow executor',
  newSecrets: Secrets.parse(app.node.tryGetContext('secrets')),
});
app.synth();
