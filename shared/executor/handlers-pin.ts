import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/json.ts';
import { type Plan, requiredHandlers } from '../core/plan.ts';
import { FanjoinError } from '../errors.ts';
import type { HandlersPin } from '../model/handlers-pin.ts';
import type { MetaItem } from '../model/items.ts';
import type { AnyHandler } from '../nodes/define-node.ts';
import type { HandlerRegistry } from '../nodes/handler-registry.ts';

/** The handlers a workflow names, as they are registered in this process. */
export function localPin(plan: Plan, handlers: HandlerRegistry): HandlersPin {
  const versions = requiredHandlers(plan).map(({ handler }) => [handler, versionOf(handlers.find(handler))]);
  const digest = createHash('sha256').update(canonicalJson(Object.fromEntries(versions)));
  return { version: digest.digest('hex').slice(0, 16) };
}

/** What it says itself, and its own text. A change in what it imports alone goes unnoticed: its `version` is to say so. */
const versionOf = (handler: AnyHandler | undefined): string[] => [handler?.version ?? '', String(handler?.execute)];

/** @throws {FanjoinError} `HANDLERS_VERSION_GONE`: it is pinned to other handlers than these */
export function assertPinned({ executionId, pin }: MetaItem, plan: Plan, handlers: HandlerRegistry): void {
  if (pin === undefined || pin.version === localPin(plan, handlers).version) return;
  throw new FanjoinError(
    'HANDLERS_VERSION_GONE',
    `The execution '${executionId}' is pinned to the handlers it was started with, and these are others. Go on with those; ` +
      'or let these take over: cancel it if it is open, then redrive it with the latest handlers ' +
      `(redrive({ handlers: 'latest' }), or fanjoin redrive ${executionId} --latest-handlers)`,
    { details: { executionId } },
  );
}
