export type LockfileErrorCode =
  | 'LOCKFILE_NOT_JSON'
  | 'LOCKFILE_INVALID'
  | 'LOCKFILE_VERSION_1'
  | 'LOCKFILE_WITHOUT_PACKAGES'
  | 'LOCKFILE_WITHOUT_ROOT';

/** A text that cannot be audited. Reading it again would not help. */
export class LockfileError extends Error {
  override readonly name = 'LockfileError';
  readonly retryable = false;
  readonly code: LockfileErrorCode;

  constructor(code: LockfileErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
