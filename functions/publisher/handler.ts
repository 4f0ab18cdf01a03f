import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { DefinitionSource } from '../../shared/executor/start-request.ts';
import { WorkflowService } from '../../shared/executor/workflow-service.ts';
import { clock, store } from '../runtime.ts';

const workflows = new WorkflowService({ store, clock, pools: undefined });

/** Publishes what was deployed beside it. A definition that is its workflow's latest version already stays so. */
export const handler = async (): Promise<void> => {
  const file = new URL('workflows.json', import.meta.url);
  for (const definition of z.array(DefinitionSource).parse(JSON.parse(readFileSync(file, 'utf8'))))
    await workflows.publish(definition);
};
