/** `node infra/bundles.ts [handlers.ts]`: what each function's bundle weighs, which clients it has, and how long it takes to load. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleSizes } from './constructs/bundle-sizes.ts';
import { buildBundles, FUNCTION_FOLDERS } from './constructs/function-bundles.ts';

const LOADS = 9;

/** As much as a function needs to start; nothing of it is reached. */
const VARIABLES = {
  TABLE_NAME: 'items',
  BUCKET_NAME: 'payloads',
  AWS_REGION: 'us-east-1',
  EVENT_BUS_ARN: 'arn:aws:events:us-east-1:000000000000:event-bus/default',
  POWERTOOLS_METRICS_NAMESPACE: 'Fanjoin',
};

const SCRIPT = `
const startedMs = performance.now();
await import(process.argv[1]);
process.stdout.write(String(performance.now() - startedMs));
process.exit(0);
`;

/** Of a process of its own each time, as an instance of a function is. */
function medianLoadMs(file: string): number {
  const times = Array.from({ length: LOADS }, () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', SCRIPT, pathToFileURL(file).href],
      { env: { ...process.env, ...VARIABLES }, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`${file} does not load: ${stderr}`);
    return Number(stdout);
  });
  return times.toSorted((a, b) => a - b)[Math.floor(LOADS / 2)] ?? Number.NaN;
}

const outdir = mkdtempSync(join(tmpdir(), 'fanjoin-bundles-'));
try {
  const handlersEntry = resolve(process.argv[2] ?? join(import.meta.dirname, '../examples/handlers.ts'));
  const { metafile, folders } = buildBundles(outdir, { handlersEntry, environment: {} });
  const kb = (bytes: number): number => Math.round(bytes / 1_000);
  const rows = FUNCTION_FOLDERS.map((folder) => {
    const { atOnce, total, handlers, clients } = bundleSizes(metafile, folder);
    return {
      function: folder,
      'at once, KB': kb(atOnce),
      'in all, KB': kb(total),
      'handlers, KB': kb(handlers),
      'load, ms': Math.round(medianLoadMs(join(folders[folder], 'index.mjs'))),
      clients: clients.join(' '),
    };
  });
  console.table(rows);
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
