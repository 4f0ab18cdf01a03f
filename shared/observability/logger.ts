import type { NodeLogger } from '../nodes/node-context.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];
type Fields = Readonly<Record<string, unknown>>;

/** Writes lines of JSON: `level`, `message`, the logger's own fields, the line's. */
export class Logger implements NodeLogger {
  readonly #level: LogLevel;
  readonly #write: (line: string) => void;
  readonly #fields: Fields;

  /** @param level lines below it are dropped. Default `warn`: nothing per node. */
  constructor(options: { level?: LogLevel; write?: (line: string) => void; fields?: Fields } = {}) {
    this.#level = options.level ?? 'warn';
    this.#write = options.write ?? ((line) => process.stderr.write(`${line}\n`));
    this.#fields = options.fields ?? {};
  }

  /** A logger whose lines carry `fields` too. */
  with(fields: Fields): Logger {
    return new Logger({ level: this.#level, write: this.#write, fields: { ...this.#fields, ...fields } });
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
    this.#write(JSON.stringify({ level, message, ...this.#fields, ...fields }, plain));
  }
}

/** A log line must never fail the work it tells of. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return value;
}
