import { afterAll, beforeAll, describe } from 'vitest';
import type { LocalStack } from '../../infra/local/local-stack.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';
import { canRunEmulators } from '../support/aws-emulators.ts';
import { aLocalStack } from '../support/local-stack.ts';
import { PUBLISHING_CONFIG, publishingSuite } from '../support/publishing-suite.ts';

describe.skipIf(!canRunEmulators())('the API', () => {
  let stack: LocalStack;
  let executor: WorkflowExecutor;
  beforeAll(async () => {
    ({ stack } = await aLocalStack());
    executor = new WorkflowExecutor({ ...stack.connection, config: PUBLISHING_CONFIG });
  });
  afterAll(async () => {
    await executor?.close();
    await stack?.stop();
  });

  describe('publishes workflows, and', () => publishingSuite(() => executor));
});
