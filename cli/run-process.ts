import { describeCause, FanjoinError } from '../shared/errors.ts';
import { flush, processIo } from './command-io.ts';
import { reportError } from './report-error.ts';
import { runCli } from './run-cli.ts';

/** Runs the command line `args` as this process, which ends with it. */
export async function runProcess(args: readonly string[]): Promise<never> {
  const io = processIo();
  /** A handler's timer or event may throw where no promise of the handler's catches it: nothing can be said of this process then. */
  process.once('uncaughtException', (cause) => {
    const message = `An error was thrown outside of every handler's promise, so this process ends: ${describeCause(cause)}. What was written is kept: fanjoin resume goes on from there`;
    const error = new FanjoinError('UNCAUGHT_ERROR', message, { cause });
    const code = reportError(error, io, { json: args.includes('--json'), verbose: args.includes('--verbose') });
    void flush(io).finally(() => process.exit(code));
  });

  process.exitCode = await runCli(args, io);
  await flush(io);
  // Handlers may have left timers or sockets behind; nothing of them counts any more.
  process.exit();
}
