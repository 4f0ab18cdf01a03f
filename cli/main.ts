#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Compiled once, not at each start: half of its time, and of the memory what Node.js strips types with. Beside the code, so
// that it goes with it, and nobody else's code is run. Where it cannot be written, or NODE_COMPILE_CACHE says where, it is not.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/fanjoin'));
// What is imported before would be compiled all the same.
const { runProcess } = await import('./run-process.ts');
await runProcess(process.argv.slice(2));
