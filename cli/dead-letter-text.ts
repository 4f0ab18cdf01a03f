import type { DeadLetterList } from '../shared/executor/dead-letters.ts';
import { type Column, type TableOptions, tableLines } from './table.ts';
import { oneLine } from './text.ts';

const COLUMNS: readonly Column[] = [
  { header: 'OF' },
  { header: 'WHAT', minWidth: 20 },
  { header: 'LOOKED AT', align: 'right' },
];

/** Dead letters as a table, one on each line; nothing if there are none. */
export function deadLetterLines({ work, records, events }: DeadLetterList, options: TableOptions): string[] {
  const rows = [
    ...work.map(({ pool, task, body = '', receiveCount }) => [
      `pool ${pool}`,
      task === undefined ? oneLine(body) : [task.kind, task.executionId, task.node ?? ''].join(' ').trim(),
      String(receiveCount),
    ]),
    ...records.map(({ function: name = '', reason, records: count, at, body = '', receiveCount }) => [
      'records',
      reason === undefined ? oneLine(body) : [`${count ?? '?'} of ${name}`, reason, at ?? ''].join(' ').trim(),
      String(receiveCount),
    ]),
    ...events.map(({ workflow, trigger, body, receiveCount }) => [
      'events',
      workflow === undefined ? oneLine(body) : `${workflow} by ${trigger}: ${oneLine(body)}`,
      String(receiveCount),
    ]),
  ];
  return rows.length === 0 ? [] : tableLines(COLUMNS, rows, options);
}
