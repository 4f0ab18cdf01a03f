import { App, type StackProps } from 'aws-cdk-lib';
import { ExecutorStack, type ExecutorStackProps } from '../executor-stack.ts';
import { type Assembly, readAssembly } from './template.ts';

const STACK = 'Local';

export interface SynthesizeOptions extends Omit<ExecutorStackProps, keyof StackProps> {
  /** Adds what an application has beside the executor: its own rules, queues and functions. Default: nothing. */
  readonly extend?: (stack: ExecutorStack) => void;
}

/** Synthesizes the stack that is deployed, in this process, and reads it back. */
export function synthesize(outdir: string, { extend, ...props }: SynthesizeOptions): Assembly {
  const app = new App({
    outdir,
    analyticsReporting: false,
    // Deploying asks for it; here it would cost every start most of a second.
    builtinCloudFormationValidation: false,
    // Tells which construct made a resource: the name people know it by.
    context: { 'aws:cdk:enable-path-metadata': true },
  });
  const stack = new ExecutorStack(app, STACK, props);
  extend?.(stack);
  app.synth();
  return readAssembly(outdir, STACK);
}
