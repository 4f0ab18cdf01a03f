import { App } from 'aws-cdk-lib';
import { ExecutorStack, type ExecutorStackProps } from '../executor-stack.ts';
import { type Assembly, readAssembly } from './template.ts';

const STACK = 'Local';

/** Synthesizes the stack that is deployed, in this process, and reads it back. */
export function synthesize(outdir: string, props: ExecutorStackProps): Assembly {
  const app = new App({
    outdir,
    analyticsReporting: false,
    // Deploying asks for it; here it would cost every start most of a second.
    builtinCloudFormationValidation: false,
    // Tells which construct made a resource: the name people know it by.
    context: { 'aws:cdk:enable-path-metadata': true },
  });
  new ExecutorStack(app, STACK, props);
  app.synth();
  return readAssembly(outdir, STACK);
}
