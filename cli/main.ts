#!/usr/bin/env node
import { flush, processIo } from './command-io.ts';
import { runCli } from './run-cli.ts';

const io = processIo();
process.exitCode = await runCli(process.argv.slice(2), io);
await flush(io);
// Handlers may have left timers or sockets behind; nothing of them counts any more.
process.exit();
