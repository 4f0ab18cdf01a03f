import * as z from 'zod';

/** The handlers' code that an execution is pinned to. */
export const HandlersPin = z.object({
  /** Changes with the code. */
  version: z.string(),
  /**
   * On AWS, by pool: the ARN of the published version of the function that runs its nodes with that code. Pools that are
   * not there have none of their own: they share the default one's.
   */
  runners: z.record(z.string(), z.string()).optional(),
});
export type HandlersPin = z.infer<typeof HandlersPin>;

/** As much of it as matters to one message. */
export const TaskPin = HandlersPin.pick({ version: true }).extend({ runner: z.string().optional() });
export type TaskPin = z.infer<typeof TaskPin>;
