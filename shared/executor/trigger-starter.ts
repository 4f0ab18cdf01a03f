import { type TriggeredStart, toTriggeredStart } from '../core/trigger-start.ts';
import { ExecutionExistsError, FanjoinError } from '../errors.ts';
import type { ExecutionId } from '../model/ids.ts';
import type { TriggerMessage } from '../model/trigger-message.ts';
import type { ExecutionService } from './execution-service.ts';

/** Of a tag. */
const MAX_KEY_LENGTH = 1_000;

/** By what and by which event an execution was started. */
export const triggerTags = (trigger: string, key: string): Record<string, string> => ({
  trigger,
  event: key.slice(0, MAX_KEY_LENGTH),
});

/** Starts workflows by events. */
export class TriggerStarter {
  readonly #service: Pick<ExecutionService, 'start' | 'workflows'>;

  constructor(service: Pick<ExecutionService, 'start' | 'workflows'>) {
    this.#service = service;
  }

  /**
   * Starts what an event asks for, once: an event that comes again finds the execution it has started, also if the workflow
   * has been published anew in between. The version that runs is the one whose trigger maps the event.
   *
   * @throws {FanjoinError} `UNKNOWN_TRIGGER`: the version has no such trigger
   * @throws {WorkflowNotFoundError | TriggerEventError | ExpressionError | InvalidInputError | InvalidDefinitionError}
   */
  async start(message: TriggerMessage): Promise<{ executionId: ExecutionId; isNew: boolean }> {
    const { workflow, version = 'latest', event } = message;
    const { plan } = await this.#service.workflows.resolve(workflow, version);
    const trigger = plan.definition.triggers?.find(({ id }) => id === message.trigger);
    if (trigger === undefined) {
      throw new FanjoinError(
        'UNKNOWN_TRIGGER',
        `The version '${version}' of '${workflow}' has no trigger '${message.trigger}'. Publish one that has, or deploy the workflow without it; then redrive the event`,
      );
    }
    return this.#startOnce(message, plan.hash, await toTriggeredStart(workflow, trigger, event));
  }

  async #startOnce(
    { workflow, trigger }: TriggerMessage,
    version: string,
    { input, key, executionId }: TriggeredStart,
  ): Promise<{ executionId: ExecutionId; isNew: boolean }> {
    const tags = triggerTags(trigger, key);
    try {
      return await this.#service.start({ workflow, version, input, executionId, tags });
    } catch (error) {
      // By another version, or by another event of the same key: what it was to start has started.
      if (error instanceof ExecutionExistsError) return { executionId, isNew: false };
      throw error;
    }
  }
}
