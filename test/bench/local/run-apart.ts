import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type JobInput, Outcome } from './job.ts';

const SCRIPT = join(import.meta.dirname, 'run-job.ts');
const MAX_OUTPUT_BYTES = 64_000_000;

/**
 * Does a job in a process of its own, so that its peak memory is its own, and nothing that another has warmed.
 * @param env added to this process's
 * @throws {Error} with what the process printed
 */
export function runApart(job: JobInput, env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: MAX_OUTPUT_BYTES, env: { ...process.env, ...env } };
    execFile(process.execPath, [SCRIPT, JSON.stringify(job)], options, (error, stdout, stderr) => {
      if (error === null) resolve(Outcome.parse(JSON.parse(stdout)));
      else reject(new Error(`The measurement ${JSON.stringify(job)} failed: ${stderr}`, { cause: error }));
    });
  });
}
