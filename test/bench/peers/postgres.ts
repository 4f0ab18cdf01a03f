import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, stopProcess, untilAnswers } from './server-process.ts';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';

/** A PostgreSQL server of its own, with its default settings: `fsync` and `synchronous_commit` are on. */
export interface Postgres {
  readonly url: string;
  readonly version: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** @throws {Error} PostgreSQL is not installed, or does not start */
export async function startPostgres(): Promise<Postgres> {
  const bin = await findBinaries();
  const owner = await ownerOf();
  const folder = await mkdtemp(join(tmpdir(), 'fanjoin-bench-postgres-'));
  if (owner.uid !== undefined) await chown(folder, owner.uid, owner.gid ?? owner.uid);
  const data = join(folder, 'data');
  const initialize = ['-D', data, '-U', 'bench', '--auth=trust', '--encoding=UTF8', '--locale=C'];
  await run(join(bin, 'initdb'), initialize, { ...owner, cwd: folder });
  const port = await freePort();
  const server: ChildProcess = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1'],
    { ...owner, cwd: folder, stdio: 'ignore' },
  );
  const close = async () => {
    // SIGINT is its fast shutdown: it does not wait for clients.
    await stopProcess(server, 'SIGINT');
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilAnswers('PostgreSQL', server, async () => {
      await run(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)]);
    });
    const { stdout } = await run(join(bin, 'postgres'), ['--version']);
    const version = /([\d.]+)/.exec(stdout)?.[1] ?? 'unknown';
    return { url: `postgresql://bench@127.0.0.1:${port}/`, version, pid: server.pid ?? 0, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function findBinaries(): Promise<string> {
  const versions = await readdir(DEBIAN).catch(() => []);
  const newest = versions.sort((a, b) => Number(b) - Number(a)).at(0);
  if (newest === undefined)
    throw new Error(`PostgreSQL is not there: nothing in ${DEBIAN}. Install it: apt-get install postgresql`);
  return join(DEBIAN, newest, 'bin');
}

/** It refuses to run as root: then it runs as the user that Debian's package makes. */
async function ownerOf(): Promise<{ uid?: number; gid?: number }> {
  if (userInfo().uid !== 0) return {};
  const id = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout.trim());
  return { uid: await id('-u'), gid: await id('-g') };
}
