import type { ErrorInfo } from './model/result.ts';

/**
 * The base of every error fanjoin throws on purpose.
 *
 * `code` is stable and documented; `retryable` tells a shell what to do next (let the message come again, or report);
 * `details` holds ids and values as fields.
 */
export class FanjoinError extends Error {
  override readonly name: string = 'FanjoinError';
  readonly code: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { retryable?: boolean; cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** One thing that is wrong with an input, at a place in it. */
export interface Issue {
  /** Where: `nodes.ship.dependsOn[1]`; empty for the whole. */
  readonly path: string;
  /** Stable, upper case: `UNKNOWN_NODE`, `CYCLE`, … */
  readonly code: string;
  readonly message: string;
}

/** A workflow definition that cannot run. Lists every issue found, not only the first. */
export class InvalidDefinitionError extends FanjoinError {
  override readonly name = 'InvalidDefinitionError';
  readonly issues: readonly Issue[];

  constructor(workflow: string, issues: readonly Issue[]) {
    const lines = issues.map(({ path, message }) => `  ${path === '' ? '(root)' : path}: ${message}`);
    super('INVALID_DEFINITION', `The workflow '${workflow}' is not valid:\n${lines.join('\n')}`, {
      details: { workflow, issues },
    });
    this.issues = issues;
  }
}

/** Input from outside (a request, a config, a handler's input or output) that does not have the shape asked for. */
export class InvalidInputError extends FanjoinError {
  override readonly name = 'InvalidInputError';
  readonly issues: readonly Issue[];

  constructor(what: string, issues: readonly Issue[], code = 'INVALID_INPUT') {
    const lines = issues.map(({ path, message }) => `  ${path === '' ? '(root)' : path}: ${message}`);
    super(code, `${what} is not valid:\n${lines.join('\n')}`, { details: { issues } });
    this.issues = issues;
  }
}

/** No execution has this id. */
export class ExecutionNotFoundError extends FanjoinError {
  override readonly name = 'ExecutionNotFoundError';
  constructor(executionId: string) {
    super(
      'EXECUTION_NOT_FOUND',
      `There is no execution '${executionId}' here. Check the id and the database or endpoint.`,
      {
        details: { executionId },
      },
    );
  }
}

/** No workflow of this name has such a version. */
export class WorkflowNotFoundError extends FanjoinError {
  override readonly name = 'WorkflowNotFoundError';
  constructor(workflow: string, version: string) {
    super(
      'WORKFLOW_NOT_FOUND',
      `There is no version '${version}' of a workflow '${workflow}' here. Publish it, or name one of its versions or aliases.`,
      { details: { workflow, version } },
    );
  }
}

/** No checkpoint has this id. */
export class CheckpointNotFoundError extends FanjoinError {
  override readonly name = 'CheckpointNotFoundError';
  constructor(checkpointId: string) {
    super(
      'CHECKPOINT_NOT_FOUND',
      `There is no checkpoint '${checkpointId}' here. An execution's checkpoints are listed by its id`,
      {
        details: { checkpointId },
      },
    );
  }
}

/** What was asked cannot be done in the state the execution is in. */
export class InvalidStateError extends FanjoinError {
  override readonly name = 'InvalidStateError';
  constructor(executionId: string, status: string, action: string) {
    const needed = NEEDED_STATUS[action];
    const advice = needed === undefined ? '' : ` To ${action} it, it must be ${needed}.`;
    super('INVALID_STATE', `Cannot ${action} the execution '${executionId}': it is ${status}.${advice}`, {
      details: { executionId, status, action },
    });
  }
}

/** By action. */
const NEEDED_STATUS: Readonly<Record<string, string>> = {
  cancel: 'RUNNING or PAUSED',
  pause: 'RUNNING',
  resume: 'PAUSED',
  redrive: 'FAILED, TIMED_OUT or CANCELLED',
};

/** The same execution id was started before, with something else. */
export class ExecutionExistsError extends FanjoinError {
  override readonly name = 'ExecutionExistsError';
  constructor(executionId: string) {
    super(
      'EXECUTION_EXISTS',
      `An execution '${executionId}' was started before with another workflow, input or config. Choose another id.`,
      { details: { executionId } },
    );
  }
}

/** The table did not answer, or was throttled; trying again may help. */
export class TableUnavailableError extends FanjoinError {
  override readonly name = 'TableUnavailableError';
  constructor(operation: string, cause: unknown) {
    super('TABLE_UNAVAILABLE', `The table did not answer (${operation}): ${describeCause(cause)}`, {
      retryable: true,
      cause,
    });
  }
}

/** An item is larger than DynamoDB takes (400 KB). */
export class ItemTooLargeError extends FanjoinError {
  override readonly name = 'ItemTooLargeError';
  constructor(pk: string, sk: string, bytes: number | undefined, cause?: unknown) {
    const size = bytes === undefined ? '' : ` of ${bytes} bytes`;
    super('ITEM_TOO_LARGE', `The item ${pk} / ${sk}${size} is over the 400 KB an item may have.`, {
      cause,
      details: { pk, sk, bytes },
    });
  }
}

/** A queue did not take a message, or did not answer; trying again may help. */
export class QueueUnavailableError extends FanjoinError {
  override readonly name = 'QueueUnavailableError';
  constructor(operation: string, pool: string, cause: unknown) {
    super('QUEUE_UNAVAILABLE', `The queue of pool '${pool}' did not answer (${operation}): ${describeCause(cause)}`, {
      retryable: true,
      cause,
      details: { pool },
    });
  }
}

/** The blob store did not answer; trying again may help. */
export class BlobsUnavailableError extends FanjoinError {
  override readonly name = 'BlobsUnavailableError';
  constructor(operation: string, key: string, cause: unknown) {
    super('BLOBS_UNAVAILABLE', `The blob store did not answer (${operation} ${key}): ${describeCause(cause)}`, {
      retryable: true,
      cause,
      details: { key },
    });
  }
}

/** An event bus did not take events, or did not answer; trying again may help. */
export class EventsUnavailableError extends FanjoinError {
  override readonly name = 'EventsUnavailableError';
  constructor(cause: unknown) {
    super('EVENTS_UNAVAILABLE', `The event bus did not take all events: ${describeCause(cause)}`, {
      retryable: true,
      cause,
    });
  }
}

/** No secret has this name where the node runs. */
export class SecretNotFoundError extends FanjoinError {
  override readonly name = 'SecretNotFoundError';
  /** @param remedy what to do about it */
  constructor(secret: string, remedy: string, cause?: unknown) {
    super('SECRET_NOT_FOUND', `There is no secret '${secret}' here: ${remedy}`, { cause, details: { secret } });
  }
}

/** The value of a secret could not be had; trying again may help. */
export class SecretUnavailableError extends FanjoinError {
  override readonly name = 'SecretUnavailableError';
  constructor(secret: string, cause: unknown) {
    super('SECRET_UNAVAILABLE', `The secret '${secret}' could not be read: ${describeCause(cause)}`, {
      retryable: true,
      cause,
      details: { secret },
    });
  }
}

/** A secret whose value cannot be used as one. */
export class UnusableSecretError extends FanjoinError {
  override readonly name = 'UnusableSecretError';
  constructor(code: 'SECRET_TOO_SHORT' | 'SECRET_NOT_TEXT', secret: string, problem: string) {
    super(code, `The secret '${secret}' ${problem}`, { details: { secret } });
  }
}

/** A local database file that cannot serve. `code` says why. */
export class DatabaseError extends FanjoinError {
  override readonly name = 'DatabaseError';
  constructor(
    code:
      | 'DATABASE_NOT_OURS'
      | 'DATABASE_TOO_NEW'
      | 'DATABASE_READ_ONLY'
      | 'DATABASE_IN_USE'
      | 'DATABASE_FULL'
      | 'DATABASE_GONE'
      | 'DATABASE_FAILED',
    message: string,
    cause?: unknown,
  ) {
    super(code, message, { cause, retryable: code === 'DATABASE_FULL' });
  }
}

/** An item, message or record that is not what this version of fanjoin writes. */
export class CorruptItemError extends FanjoinError {
  override readonly name = 'CorruptItemError';
  constructor(what: string, problem: string) {
    super('CORRUPT_ITEM', `${what} is not what this version of fanjoin writes: ${problem}`);
  }
}

/**
 * An item or message that a newer version of fanjoin wrote, which this one would misread: during a deploy, or after a
 * rollback. It stays as it is, and a newer version can take it up.
 */
export class NewerSchemaError extends FanjoinError {
  override readonly name = 'NewerSchemaError';
  constructor(what: string, version: number, known: number) {
    super(
      'NEWER_SCHEMA',
      `${what} was written by a newer version of fanjoin: its schema is ${version}, and this version knows ${known}. ` +
        'Nothing is lost: it is left as it is until a newer version runs again',
      { retryable: true, details: { version, known } },
    );
  }
}

export const describeCause = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const STACK_LIMIT = 2_000;
const MESSAGE_LIMIT = 8_000;
const NAME_LIMIT = 200;
const PRINTED_LIMIT = 200;

/** Takes out of a text what must not be kept. */
export type Redact = (text: string) => string;

export const asItIs: Redact = (text) => text;

/**
 * What is kept of a thrown value, whatever it is: name, message, code, stack and cause, the long ones shortened. Handlers
 * throw anything, so that nothing is taken for granted of an error's properties. Never throws.
 *
 * @param redact comes before the shortening: a cut secret could not be told any more
 */
export function toErrorInfo(thrown: unknown, redact = asItIs, depth = 0): ErrorInfo {
  const printed = (value: unknown) => redact(printable(value)).slice(0, PRINTED_LIMIT);
  if (!(thrown instanceof Error)) {
    return { name: 'NonError', message: `A value that is no Error was thrown: ${printed(thrown)}` };
  }
  const textOf = (property: string, limit: number): string | undefined => {
    const value = propertyOf(thrown, property);
    return typeof value === 'string' ? redact(value).slice(0, limit) : undefined;
  };
  const name = textOf('name', NAME_LIMIT);
  const code = textOf('code', NAME_LIMIT);
  const stack = textOf('stack', STACK_LIMIT);
  const cause = depth < 3 ? propertyOf(thrown, 'cause') : undefined;
  return {
    name: name === undefined || name === '' ? 'Error' : name,
    message: textOf('message', MESSAGE_LIMIT) ?? printed(propertyOf(thrown, 'message')),
    ...(code !== undefined && { code }),
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && { cause: toErrorInfo(cause, redact, depth + 1) }),
  };
}

function propertyOf(error: Error, property: string): unknown {
  try {
    return Reflect.get(error, property);
  } catch {
    return undefined;
  }
}

/** The short form that repeated attempts carry along: messages on a queue have a size limit. */
export const outlineError = ({ name, message, code }: ErrorInfo): ErrorInfo => ({
  name,
  message: message.slice(0, 300),
  ...(code !== undefined && { code }),
});

function printable(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return `one that cannot be shown (${typeof value})`;
  }
}

/** Marks a place the compiler knows cannot be reached. */
export function assertNever(value: never): never {
  throw new Error(`Unreachable: ${JSON.stringify(value)}`);
}
