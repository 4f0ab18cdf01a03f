import type { EventRouter } from './event-router.ts';
import { type EventTargetsOptions, eventTarget } from './event-targets.ts';
import { ruleArn } from './references.ts';
import { startSchedule } from './schedule.ts';

/** Connects what the template's rules match, by pattern or by time, with their targets. Gives what ends the schedules. */
export function startRules(options: EventTargetsOptions, router: EventRouter): () => void {
  const schedules = options.resources.rules.flatMap(({ id, label, properties }) => {
    const { EventBusName, EventPattern, ScheduleExpression, State, Targets } = properties;
    const made = Targets.map((target) => eventTarget(target, ruleArn(id), options));
    const on = ScheduleExpression ?? JSON.stringify(EventPattern);
    const targets = options.activity?.watch({ name: label, on, isEnabled: State === 'ENABLED' }, made) ?? made;
    if (State === 'DISABLED') return [];
    if (EventPattern !== undefined) router.addRule(EventBusName, EventPattern, targets);
    if (ScheduleExpression === undefined) return [];
    return startSchedule(ScheduleExpression, ruleArn(id), (event) => {
      for (const target of targets) router.deliver(target, event);
    });
  });
  return () => {
    for (const end of schedules) end();
  };
}
