import type { Plan } from '../../shared/core/plan.ts';
import type { AnyHandler } from '../../shared/nodes/define-node.ts';
import { sleep } from '../../shared/ports/clock.ts';
import type { Invariants } from '../support/invariants.ts';
import type { Dice } from './dice.ts';
import type { EventLoop } from './event-loop.ts';
import type { Faults } from './faults.ts';
import type { SimulatedProcess } from './process.ts';

interface WatchParts {
  readonly process: SimulatedProcess;
  readonly loop: EventLoop;
  readonly dice: Dice;
  readonly faults: Faults;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly invariantsOf: (executionId: string) => Invariants | undefined;
  readonly workflowOf: (executionId: string) => string;
}

const never = new Promise<never>(() => undefined);

/** Handlers whose calls are watched, and may go wrong. */
export function watchedHandlers(handlers: readonly AnyHandler[], parts: WatchParts): readonly AnyHandler[] {
  const { process, dice, faults, plans, invariantsOf, workflowOf } = parts;
  let calls = 0;
  return handlers.map((handler) => ({
    ...handler,
    async execute(input: unknown, context) {
      const { executionId, nodeId, visit, itemIndex } = context;
      const definition = plans.get(workflowOf(executionId))?.definition.nodes[nodeId as never];
      const chunkSize = definition?.type === 'map' ? (definition.chunkSize ?? 1) : 1;
      const chunk = itemIndex === undefined ? '' : ` ${Math.floor(itemIndex / chunkSize)}`;
      const name = `${nodeId} ${visit}${chunk}`;
      const site = `${process.name}/handler ${++calls}`;
      const fault = faults.at(site, ['handlerCrashes', 'handlerIsSlow', 'handlerIsStuck'], name);
      const invariants = invariantsOf(executionId);
      invariants?.onHandlerStart(name);
      if (fault === 'handlerCrashes') process.kill(`in the handler of ${name}`);
      if (fault === 'handlerIsStuck' || fault === 'handlerCrashes') {
        // Nothing of it is at work any more.
        if (fault === 'handlerCrashes') invariants?.onHandlerEnd(name);
        return never;
      }
      try {
        if (fault === 'handlerIsSlow') await sleep(process.clock, dice.int(`${site}/slow`, 1_000, 50_000));
        return await handler.execute(input, context);
      } finally {
        invariants?.onHandlerEnd(name);
      }
    },
  }));
}
