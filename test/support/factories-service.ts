import { ExecutionService, type ServiceParts } from '../../shared/executor/execution-service.ts';

/** Over a given store and clock. Every execution it starts is `execution-1`, unless the start says otherwise. */
export const anExecutionService = (parts: Pick<ServiceParts, 'store' | 'clock'> & Partial<ServiceParts>) =>
  new ExecutionService({
    handlersVersion: () => '',
    handlersPin: () => ({ version: '' }),
    newId: () => 'execution-1',
    ...parts,
  });
