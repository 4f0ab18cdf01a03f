import { FanjoinError } from '../shared/errors.ts';

/** What was asked for on the command line cannot be: an option, a path, an input. The message says what to do. */
export class UsageError extends FanjoinError {
  override readonly name = 'UsageError';

  constructor(message: string, cause?: unknown) {
    super('USAGE', message, { cause });
  }
}
