import { FanjoinError } from '../shared/errors.ts';
import type { ExecutionStatus } from '../shared/model/result.ts';
import type { InterruptSignal } from './command-io.ts';

/** What the process ends with; documented in `--help`. */
export const EXIT = {
  ok: 0,
  /** The execution failed, timed out or was cancelled. */
  failed: 1,
  /** What was asked is not valid: options, files, definition, input, or the state the execution is in. */
  invalid: 2,
  /** No such execution, checkpoint or database. */
  notFound: 3,
  /** Anything else: database in use, disk full, endpoint unreachable, a bug. */
  error: 4,
} as const;

const BY_CODE: Readonly<Record<string, number>> = {
  USAGE: EXIT.invalid,
  INVALID_INPUT: EXIT.invalid,
  INVALID_DEFINITION: EXIT.invalid,
  INVALID_HANDLER: EXIT.invalid,
  DUPLICATE_HANDLER: EXIT.invalid,
  UNREGISTERED_HANDLER: EXIT.invalid,
  NOT_JSON: EXIT.invalid,
  UNKNOWN_SECRET: EXIT.invalid,
  PAYLOAD_TOO_LARGE: EXIT.invalid,
  EXECUTION_EXISTS: EXIT.invalid,
  INVALID_STATE: EXIT.invalid,
  EXECUTION_NOT_FOUND: EXIT.notFound,
  CHECKPOINT_NOT_FOUND: EXIT.notFound,
  DATABASE_NOT_FOUND: EXIT.notFound,
  HANDLERS_VERSION_GONE: EXIT.invalid,
};

/** The exit code for what a command threw. */
export const exitCodeOfError = (error: unknown): number =>
  error instanceof FanjoinError ? (BY_CODE[error.code] ?? EXIT.error) : EXIT.error;

/** The exit code for how an execution ended; a paused one went well so far. */
export const exitCodeOfStatus = (status: ExecutionStatus): number =>
  status === 'FAILED' || status === 'TIMED_OUT' || status === 'CANCELLED' ? EXIT.failed : EXIT.ok;

/** As shells have it: 128 and the signal's number. */
export const exitCodeOfSignal = (signal: InterruptSignal): number => (signal === 'SIGINT' ? 130 : 143);
