import { beforeAll, describe, expect, it } from 'vitest';
import type { Condition, ItemTable } from '../../shared/ports/item-table.ts';
import { aPartition, type TableHarness } from './table-harness.ts';

export function conditionsContract(harness: () => TableHarness): void {
  let table: ItemTable;
  beforeAll(() => {
    table = harness().table;
  });

  describe('conditions', () => {
    const standing = { status: 'RUNNING', revision: 5, isOpen: true, nothing: null, name: '😀' };
    const cases: readonly (readonly [claim: string, condition: Condition, holds: boolean])[] = [
      ['itemExists', { kind: 'itemExists' }, true],
      ['itemAbsent', { kind: 'itemAbsent' }, false],
      ['isAbsent of what is absent', { kind: 'isAbsent', attribute: 'constructor' }, true],
      ['isAbsent of null', { kind: 'isAbsent', attribute: 'nothing' }, false],
      ['isPresent of null', { kind: 'isPresent', attribute: 'nothing' }, true],
      ['isPresent of what is absent', { kind: 'isPresent', attribute: 'toString' }, false],
      ['equals a string', { kind: 'equals', attribute: 'status', value: 'RUNNING' }, true],
      ['equals a boolean', { kind: 'equals', attribute: 'isOpen', value: true }, true],
      ['equals another type', { kind: 'equals', attribute: 'revision', value: '5' }, false],
      ['equals of what is absent', { kind: 'equals', attribute: 'absent', value: 1 }, false],
      ['isOneOf', { kind: 'isOneOf', attribute: 'revision', values: ['x', 5] }, true],
      ['isOneOf of others', { kind: 'isOneOf', attribute: 'status', values: ['PAUSED', 'FAILED'] }, false],
      ['isOneOf of none', { kind: 'isOneOf', attribute: 'status', values: [] }, false],
      [
        'isOneOf of more than an IN takes',
        { kind: 'isOneOf', attribute: 'revision', values: Array.from({ length: 250 }, (_, n) => 254 - n) },
        true,
      ],
      ['lessThan a number', { kind: 'lessThan', attribute: 'revision', value: 6 }, true],
      ['lessThan the same', { kind: 'lessThan', attribute: 'revision', value: 5 }, false],
      ['lessThan another type', { kind: 'lessThan', attribute: 'revision', value: '9' }, false],
      ['lessThan of what is absent', { kind: 'lessThan', attribute: 'absent', value: 9 }, false],
      // U+FFEE is less than U+1F600 in UTF-8, and greater in UTF-16.
      ['lessThan a string, by its bytes', { kind: 'lessThan', attribute: 'name', value: '\uffee' }, false],
      ['all of none', { kind: 'all', of: [] }, true],
      ['any of none', { kind: 'any', of: [] }, false],
      [
        'all and any, nested',
        {
          kind: 'all',
          of: [
            {
              kind: 'any',
              of: [
                { kind: 'isAbsent', attribute: 'status' },
                { kind: 'equals', attribute: 'status', value: 'RUNNING' },
              ],
            },
            { kind: 'lessThan', attribute: 'revision', value: 6 },
          ],
        },
        true,
      ],
      [
        'all of one that is any of one that is none',
        { kind: 'all', of: [{ kind: 'any', of: [{ kind: 'isOneOf', attribute: 'status', values: [] }] }] },
        false,
      ],
      [
        'all with one that fails',
        { kind: 'all', of: [{ kind: 'itemExists' }, { kind: 'isAbsent', attribute: 'status' }] },
        false,
      ],
    ];

    it.each(cases)('%s', async (_claim, condition, holds) => {
      const item = { pk: aPartition(), sk: 'A', ...standing };
      await table.put(item);

      const outcome = await table.update(item, { set: { touched: true } }, condition);

      expect(outcome).toStrictEqual(
        holds ? { written: true, item: { ...item, touched: true } } : { written: false, standing: item },
      );
    });

    it('of an item that is absent, only absences hold', async () => {
      const holding = await Promise.all(
        cases.map(async ([claim, condition]) =>
          (await table.put({ pk: aPartition(), sk: 'A' }, condition)).written ? claim : undefined,
        ),
      );

      expect(holding.filter((claim) => claim !== undefined)).toStrictEqual([
        'itemAbsent',
        'isAbsent of what is absent',
        'isAbsent of null',
        'all of none',
      ]);
    });
  });
}
