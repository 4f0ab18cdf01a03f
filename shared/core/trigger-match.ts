import type { Trigger } from '../model/trigger.ts';
import { compilePattern } from './event-pattern.ts';
import { objectPattern } from './trigger-pattern.ts';
import type { TriggerEvent } from './trigger-start.ts';

/**
 * Whether an event is one that a trigger waits for. Which bus, bucket or queue it came by is not looked at: the stack knows
 * which they are. An event of a schedule is told by its `scheduledTime`, a message by its `messageId` and `body`.
 */
export function matchesTrigger(trigger: Trigger, event: TriggerEvent): boolean {
  switch (trigger.type) {
    case 'event':
      return compilePattern(trigger.pattern, 'eventbridge')(event);
    case 's3':
      return compilePattern(objectPattern(trigger, undefined), 'eventbridge')(event);
    case 'schedule':
      return typeof event.scheduledTime === 'string';
    case 'sqs':
      return typeof event.messageId === 'string' && event.body !== undefined;
  }
}
