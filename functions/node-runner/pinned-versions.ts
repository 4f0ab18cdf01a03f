import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { FanjoinError } from '../../shared/errors.ts';
import type { TaskPin } from '../../shared/model/handlers-pin.ts';
import type { TaskMessage } from '../../shared/model/message.ts';
import type { Logger } from '../../shared/observability/logger.ts';
import { nodeErrors } from '../../shared/runner/node-errors.ts';
import type { NodeRunner } from '../../shared/runner/runner.ts';

/** What the node runner is invoked with: by its queues, or by another version of itself. */
export interface RunnerEvent extends SQSEvent {
  /** It comes from a version that must not run it. */
  readonly isForwarded?: true;
}

/** A message and its record. */
export interface ReadRecord {
  readonly record: SQSRecord;
  readonly message: TaskMessage;
}

interface PinnedVersionsParts {
  /** Of the handlers in this function. */
  readonly version: string;
  /** Hands an event to a published version; `undefined`: it is deleted. */
  readonly invoke: (versionArn: string, event: RunnerEvent) => Promise<SQSBatchResponse | undefined>;
  readonly runner: Pick<NodeRunner, 'fail'>;
  readonly logger: Logger;
}

/**
 * Work of executions that are pinned to another version of the handlers than the one that took it from the queue. That
 * version is invoked, and its answer is ours: nothing is acknowledged before it has done so.
 */
export class PinnedVersions {
  readonly #parts: PinnedVersionsParts;

  constructor(parts: PinnedVersionsParts) {
    this.#parts = parts;
  }

  /** Whether another version is to run it. @throws {FanjoinError} `WRONG_VERSION`: one that was to has sent it here */
  isElsewhere(message: TaskMessage, { isForwarded }: RunnerEvent): boolean {
    const { version } = this.#parts;
    const pin = pinOf(message);
    if (pin === undefined || pin.version === version) return false;
    if (isForwarded === true)
      throw new FanjoinError(
        'WRONG_VERSION',
        `${pin.runner} was to have the handlers ${pin.version} and has ${version}`,
        { retryable: true },
      );
    return true;
  }

  /** Has them run where they belong. Gives the ids of messages that are to come again. */
  async forward(records: readonly ReadRecord[]): Promise<string[]> {
    const byRunner = Map.groupBy(records, ({ message }) => pinOf(message)?.runner);
    const failed = await Promise.all([...byRunner].map((group) => this.#forwardTo(...group)));
    return failed.flat();
  }

  async #forwardTo(runner: string | undefined, group: readonly ReadRecord[]): Promise<string[]> {
    try {
      const event = { Records: group.map(({ record }) => record), isForwarded: true as const };
      const answer = runner === undefined ? undefined : await this.#parts.invoke(runner, event);
      if (answer !== undefined) return answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    } catch (error) {
      this.#parts.logger.error('pinned version failed', { versionArn: runner, error });
      return group.map(({ record }) => record.messageId);
    }
    const failed = await Promise.all(group.map((one) => this.#fail(one)));
    return failed.flat();
  }

  /** Nobody will ever run it: its node fails, and says what to do. */
  async #fail({ record: { messageId }, message }: ReadRecord): Promise<string[]> {
    const { runner, logger } = this.#parts;
    try {
      logger.error('pinned version is gone', { executionId: message.executionId, versionArn: pinOf(message)?.runner });
      await runner.fail(message, (node) => nodeErrors.handlersGone(node, pinOf(message)?.runner));
      return [];
    } catch (error) {
      logger.error('task failed', { messageId, error });
      return [messageId];
    }
  }
}

/** What ends an execution runs no handlers. */
const pinOf = (message: TaskMessage): TaskPin | undefined => (message.kind === 'settle' ? undefined : message.pin);
