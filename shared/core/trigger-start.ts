import { createHash } from 'node:crypto';
import { FanjoinError } from '../errors.ts';
import { ExecutionId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import type { Trigger } from '../model/trigger.ts';
import { compileExpression } from './expression.ts';
import { evaluateMapping } from './mapping.ts';

/** An event as its source hands it over. Of a schedule it is `{ scheduledTime }`, of a queue the message. */
export type TriggerEvent = { readonly [key: string]: Json };

/** What an event asks to be started. */
export interface TriggeredStart {
  readonly input: Json;
  /** What makes an event the same as another: its id, unless the trigger says otherwise. */
  readonly key: string;
  /** The same for the same key: an event that comes again finds the execution it has started. */
  readonly executionId: ExecutionId;
}

/** An event out of which no execution can be started. Coming again does not help. */
export class TriggerEventError extends FanjoinError {
  override readonly name = 'TriggerEventError';
  constructor(workflow: string, trigger: string, problem: string) {
    super(
      'INVALID_TRIGGER_EVENT',
      `The event for '${workflow}' by its trigger '${trigger}' cannot start it: ${problem}`,
    );
  }
}

/**
 * Makes the start of an event: its input, and the id that repetitions of it have in common.
 * @throws {TriggerEventError} the event has no id
 * @throws {ExpressionError} the trigger's `input` or `idempotencyKey`
 */
export async function toTriggeredStart(
  workflow: string,
  trigger: Trigger,
  event: TriggerEvent,
): Promise<TriggeredStart> {
  const key = await keyOf(workflow, trigger, event);
  const { input = trigger.type === 'sqs' ? '{% $event.body %}' : '{% $event %}' } = trigger;
  return {
    input: await evaluateMapping(input, event, { event }),
    key,
    executionId: executionIdOf(workflow, trigger.id, key),
  };
}

async function keyOf(workflow: string, trigger: Trigger, event: TriggerEvent): Promise<string> {
  const given = trigger.type === 'schedule' ? undefined : trigger.idempotencyKey;
  const key =
    given === undefined ? event[ID_FIELDS[trigger.type]] : await compileExpression(given).evaluate(event, { event });
  if ((typeof key === 'string' && key !== '') || typeof key === 'number') return String(key);
  const problem =
    given === undefined
      ? `it has no '${ID_FIELDS[trigger.type]}' to tell it from others by`
      : `idempotencyKey must give a text or a number, and gave ${JSON.stringify(key) ?? 'nothing'}: ${given}`;
  throw new TriggerEventError(workflow, trigger.id, problem);
}

const ID_FIELDS = { event: 'id', s3: 'id', schedule: 'scheduledTime', sqs: 'messageId' } as const;

/** Names have hyphens, so that no two of them could be told apart when joined: the digest is of all three, each by itself. */
const executionIdOf = (workflow: string, trigger: string, key: string): ExecutionId =>
  ExecutionId.parse(
    `${trigger}-${createHash('sha256')
      .update(JSON.stringify([workflow, trigger, key]))
      .digest('base64url')
      .slice(0, 32)}`,
  );
