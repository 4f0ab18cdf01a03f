import * as z from 'zod';
import { WorkflowName } from './ids.ts';
import { Json } from './json.ts';
import { TriggerId } from './trigger.ts';
import { VersionName } from './version.ts';

/** Which workflow an event is for, by which of its triggers. */
export const TriggerTarget = z.strictObject({
  workflow: WorkflowName,
  /** Which version it starts. Default: `latest`. */
  version: VersionName.optional(),
  trigger: TriggerId,
});
export type TriggerTarget = z.infer<typeof TriggerTarget>;

/** An event on its way to the workflow it starts, as rules and schedules put it on the queue. */
export const TriggerMessage = TriggerTarget.extend({ event: z.record(z.string(), Json) });
export type TriggerMessage = z.infer<typeof TriggerMessage>;
