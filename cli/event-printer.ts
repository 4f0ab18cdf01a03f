import type { ExecutionEvent } from '../shared/observability/execution-event.ts';
import type { CommandIo } from './command-io.ts';
import { EventTable } from './event-text.ts';
import { paletteFor } from './text.ts';
import { terminalColumns, writeOut } from './write-out.ts';

/** Puts events on stdout: as a table, or each as a line of JSON. */
export class EventPrinter {
  readonly #io: CommandIo;
  readonly #table: EventTable | undefined;
  #hasHeader = false;

  /** @param startedAtMs what times are counted from; absent: the first event printed */
  constructor(
    io: CommandIo,
    { startedAtMs, json }: { readonly startedAtMs: number | undefined; readonly json: boolean },
  ) {
    this.#io = io;
    const { stdout, env } = io;
    if (json) return;
    this.#table = new EventTable({ palette: paletteFor(stdout, env), startedAtMs, columns: terminalColumns(io) });
  }

  /** @returns whether anybody still reads */
  async print(events: readonly ExecutionEvent[]): Promise<boolean> {
    if (events.length === 0) return this.#io.stdout.writable;
    const lines =
      this.#table === undefined ? events.map((event) => JSON.stringify(event)) : this.#tableLines(this.#table, events);
    return writeOut(this.#io.stdout, `${lines.join('\n')}\n`);
  }

  #tableLines(table: EventTable, events: readonly ExecutionEvent[]): string[] {
    if (this.#hasHeader) return table.lines(events);
    this.#hasHeader = true;
    return [table.header(events), ...table.lines(events)];
  }
}
