import { createHash } from 'node:crypto';
import { z } from 'zod';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { canonicalJson } from '../../shared/core/json.ts';
import { Json } from '../../shared/model/json.ts';
import { type AnyHandler, defineNode } from '../../shared/nodes/define-node.ts';
import { NodeResult } from '../../shared/nodes/node-result.ts';
import { type Clock, sleep } from '../../shared/ports/clock.ts';

/** What a generic handler does. All of it is in the node's input, so that the same handlers serve every workflow anywhere. */
export const Behaviour = z.strictObject({
  /** The name of the error it fails with. */
  fail: z.string().optional(),
  /** It fails up to this attempt, and succeeds from the next one on. Default: it always fails. */
  untilAttempt: z.int().optional(),
  /** The error's own mark. */
  retryable: z.boolean().optional(),
  /** It reports the failure by a `NodeResult` in place of throwing. */
  reports: z.boolean().optional(),
  /** It names the node to go on with, on its first `times` visits. */
  route: z.strictObject({ to: z.string(), times: z.int(), by: z.enum(['nextNodeId', 'conditionalNext']) }).optional(),
  takesMs: z.number().optional(),
  /** The name of the error its fallback fails with. Default: it succeeds. */
  fallbackFails: z.string().optional(),
});
export type Behaviour = z.infer<typeof Behaviour>;

export const GenericInput = z.strictObject({ behaviour: Behaviour, received: Json.optional() });

/** A short stand-in for what a node received: it differs if the input differs. */
export const digestOf = (received: Json): string =>
  createHash('sha256').update(canonicalJson(received)).digest('hex').slice(0, 10);

const outputOf = (received: Json | undefined, visit: number, source: 'handler' | 'fallback') => {
  const digest = digestOf(received ?? null);
  return { digest, isOdd: Number.parseInt(digest, 16) % 2 === 1, visit, source };
};

class NamedError extends Error {
  override readonly name: string;
  readonly retryable?: boolean;

  constructor(name: string, retryable: boolean | undefined) {
    super(`${name} as its behaviour says`);
    this.name = name;
    if (retryable !== undefined) this.retryable = retryable;
  }
}

/** `test.behave` and `test.fallback`: all that `randomWorkflow` needs, on the twin and on Lambda workers. */
export function genericHandlers(clock: Clock = systemClock): AnyHandler[] {
  const behave = defineNode({
    type: 'test.behave',
    input: GenericInput,
    async execute({ behaviour, received }, { attempt, visit, signal }) {
      if (behaviour.takesMs !== undefined) await sleep(clock, behaviour.takesMs, signal);
      if (behaviour.fail !== undefined && attempt <= (behaviour.untilAttempt ?? Number.POSITIVE_INFINITY)) {
        const error = new NamedError(behaviour.fail, behaviour.retryable);
        if (behaviour.reports === true) return NodeResult.failure(error);
        throw error;
      }
      const output = outputOf(received, visit, 'handler');
      const { route } = behaviour;
      return route !== undefined && visit <= route.times
        ? NodeResult.success(output, { [route.by]: route.to })
        : output;
    },
  });
  const fallback = defineNode({
    type: 'test.fallback',
    input: GenericInput,
    execute({ behaviour, received }, { visit }) {
      if (behaviour.fallbackFails !== undefined) throw new NamedError(behaviour.fallbackFails, undefined);
      return outputOf(received, visit, 'fallback');
    },
  });
  return [behave, fallback];
}
