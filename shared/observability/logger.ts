import type { NodeLogger } from '../nodes/node-context.ts';
import type { Redactor } from './redactor.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];
type Fields = Readonly<Record<string, unknown>>;

/** Writes lines of JSON: `level`, `message`, the logger's own fields, the line's. */
export class Logger implements NodeLogger {
  readonly #level: LogLevel;
  readonly #write: (line: string) => void;
  readonly #fields: Fields;
  readonly #redactor: Redactor | undefined;

  /** @param options `level`: lines below it are dropped. Default `warn`: nothing per node. */
  constructor(
    options: {
      level?: LogLevel | undefined;
      write?: ((line: string) => void) | undefined;
      fields?: Fields | undefined;
      redactor?: Redactor | undefined;
    } = {},
  ) {
    this.#level = options.level ?? 'warn';
    this.#write = options.write ?? ((line) => process.stderr.write(`${line}\n`));
    this.#fields = options.fields ?? {};
    this.#redactor = options.redactor;
  }

  /** A logger whose lines carry `fields` too, and hold nothing that `redactor` knows. */
  with(fields: Fields, redactor?: Redactor): Logger {
    const own = { level: this.#level, write: this.#write };
    return new Logger({ ...own, fields: { ...this.#fields, ...fields }, redactor: redactor ?? this.#redactor });
  }

  debug(message: string, fields?: Fields): void {
    this.#log('debug', message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.#log('info', message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.#log('warn', message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.#log('error', message, fields);
  }

  #log(level: LogLevel, message: string, fields: Fields = {}): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.#level)) return;
    const redactor = this.#redactor;
    const member = (key: string, value: unknown) => redactor?.member(plain(key, value));
    const line = { level, message, ...this.#fields, ...fields };
    this.#write(JSON.stringify(line, redactor === undefined ? plain : member));
  }
}

/** A log line must never fail the work it tells of. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return value;
}
