import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ExecutorStack, type ExecutorStackProps } from '../../infra/executor-stack.ts';

/**
 * The template of an executor with these props, and the folder of its assets, to be removed after the test.
 * @param use what an application does with it
 */
export function synthesized(
  props: ExecutorStackProps = {},
  use: (stack: ExecutorStack) => void = () => undefined,
): { template: Template; outdir: string } {
  const outdir = mkdtempSync(join(tmpdir(), 'fanjoin-test-'));
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
  try {
    const stack = new ExecutorStack(app, 'Test', props);
    use(stack);
    return { template: Template.fromStack(stack), outdir };
  } catch (error) {
    rmSync(outdir, { recursive: true });
    throw error;
  }
}
