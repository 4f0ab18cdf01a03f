import { type Plan, requiredHandlers } from '../core/plan.ts';
import { FanjoinError } from '../errors.ts';
import type { HandlerRegistry } from '../nodes/handler-registry.ts';

/** @throws {FanjoinError} `UNREGISTERED_HANDLER`: a node needs one that this process does not have */
export function assertRegistered(plan: Plan, handlers: HandlerRegistry): void {
  for (const { node, handler } of requiredHandlers(plan)) {
    if (handlers.find(handler) !== undefined) continue;
    const known = handlers.types().join(', ') || 'none';
    throw new FanjoinError(
      'UNREGISTERED_HANDLER',
      `The node '${node}' of workflow '${plan.definition.name}' needs a handler '${handler}', which is not registered. Registered: ${known}`,
      { details: { node, handler } },
    );
  }
}
