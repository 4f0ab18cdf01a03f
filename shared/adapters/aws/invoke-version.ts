import { InvokeCommand, LambdaClient, ResourceNotFoundException } from '@aws-sdk/client-lambda';
import type { SQSBatchResponse } from 'aws-lambda';
import * as z from 'zod';
import { FanjoinError } from '../../errors.ts';

const BatchResponse = z.object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })) });

/** Hands a queue's event to a published version of a function; `undefined`: there is no such version any more. */
export type InvokeVersion = (versionArn: string, event: unknown) => Promise<SQSBatchResponse | undefined>;

/**
 * Invokes published versions of a function and waits for their answers.
 * @throws {FanjoinError} `PINNED_VERSION_FAILED`: the version was invoked and failed as a whole
 */
export function versionInvoker(): InvokeVersion {
  // What it does not answer comes again by the queue; tried again at once, it would run twice at the same time.
  const client = new LambdaClient({ maxAttempts: 1 });
  return async (versionArn, event) => {
    try {
      const { FunctionError, Payload } = await client.send(
        new InvokeCommand({ FunctionName: versionArn, Payload: JSON.stringify(event) }),
      );
      const answer = Payload?.transformToString() ?? '';
      if (FunctionError !== undefined)
        throw new FanjoinError(
          'PINNED_VERSION_FAILED',
          `The pinned runner ${versionArn} failed: ${answer.slice(0, 1_000)}`,
          { retryable: true, details: { versionArn } },
        );
      return BatchResponse.parse(JSON.parse(answer));
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };
}
