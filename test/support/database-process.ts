/**
 * A process of its own on a database file, for tests: `node database-process.ts <role> <file>`.
 *
 * `open` prints the code of the error, or `ok` · `hold` opens an engine, prints `ready` and stays · `listen` opens an
 * engine with a listener, prints `ready` and ends by itself, though it never closes · `write` opens an engine and prints
 * the sort key of each item once it is acknowledged, without end · `client` writes three items beside an engine.
 */
import { openDatabase, type SqliteDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { systemClock } from '../../shared/adapters/local/system-clock.ts';
import { FanjoinError } from '../../shared/errors.ts';

const WRITERS = 8;

async function main([role, file = '']: readonly string[]): Promise<void> {
  const open = (mode: 'engine' | 'client'): SqliteDatabase => openDatabase(file, { mode, clock: systemClock });
  switch (role) {
    case 'open':
      console.log(await tryOpen(open));
      return;
    case 'hold':
      open('engine');
      console.log('ready');
      setInterval(() => {}, 60_000);
      return;
    case 'listen':
      new SqliteItemTable(open('engine')).subscribe(() => {});
      console.log('ready');
      return;
    case 'write': {
      const table = new SqliteItemTable(open('engine'));
      await Promise.all(Array.from({ length: WRITERS }, (_, writer) => writeForever(table, writer)));
      return;
    }
    case 'client': {
      const database = open('client');
      const table = new SqliteItemTable(database);
      for (const n of [1, 2, 3]) await table.put({ pk: 'CLIENT', sk: 'A', n });
      await database.close();
      return;
    }
    default:
      throw new Error(`No such role: ${role}`);
  }
}

async function tryOpen(open: (mode: 'engine') => SqliteDatabase): Promise<string> {
  try {
    await open('engine').close();
    return 'ok';
  } catch (error) {
    return error instanceof FanjoinError ? `${error.code}: ${error.message}` : String(error);
  }
}

async function writeForever(table: SqliteItemTable, writer: number): Promise<void> {
  for (let n = 0; ; n++) {
    const sk = `${process.pid}.${writer}.${n}`;
    await table.put({ pk: 'WRITTEN', sk, body: 'x'.repeat(n % 3_000) }, { kind: 'itemAbsent' });
    process.stdout.write(`${sk}\n`);
  }
}

await main(process.argv.slice(2));
