import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleSizes } from '../../infra/constructs/bundle-sizes.ts';
import { buildBundles, FUNCTION_FOLDERS, HANDLERS_FILE } from '../../infra/constructs/function-bundles.ts';

const outdir = mkdtempSync(join(tmpdir(), 'fanjoin-test-'));
afterAll(() => rmSync(outdir, { recursive: true }));
const { metafile, folders } = buildBundles(outdir, {
  handlersEntry: join(import.meta.dirname, 'fixtures/handlers.ts'),
  environment: {},
});

/** The clients that each function calls; `FUNCTION_FOLDERS` says which there are. */
const CLIENTS: Readonly<Record<(typeof FUNCTION_FOLDERS)[number], readonly string[]>> = {
  // Two of them only to redrive records that were given up.
  api: ['dynamodb', 'dynamodb-streams', 'eventbridge', 's3', 'sqs'],
  scheduler: ['dynamodb', 's3', 'sqs'],
  'node-runner': ['dynamodb', 'lambda', 's3', 'secrets-manager', 'sqs'],
  'dead-letter': ['dynamodb', 's3', 'sqs'],
  sweep: ['dynamodb', 's3', 'sqs'],
  observer: ['dynamodb', 'eventbridge'],
  publisher: ['dynamodb', 's3'],
  trigger: ['dynamodb', 's3', 'sqs'],
};

describe.each(FUNCTION_FOLDERS.map((folder) => [folder] as const))('the bundle of %s', (folder) => {
  const { total, clients } = bundleSizes(metafile, folder);

  it('weighs at most 1.5 MB, minified, what loads later included; 2 MB the API', () => {
    expect(total).toBeGreaterThan(100_000);
    expect(total).toBeLessThan(folder === 'api' ? 2_000_000 : 1_500_000);
  });

  it('has the clients that the function calls, and no other', () => {
    expect(clients).toEqual(CLIENTS[folder]);
  });
});

it("the application's handlers are a file of their own, in the node runner alone", () => {
  const having = FUNCTION_FOLDERS.filter((folder) => bundleSizes(metafile, folder).handlers > 0);
  const file = readFileSync(join(folders['node-runner'], HANDLERS_FILE), 'utf8');

  expect(having).toEqual(['node-runner']);
  expect(file).toContain('only-in-this-fixture');
  expect(readFileSync(join(folders['node-runner'], 'index.mjs'), 'utf8')).not.toContain('only-in-this-fixture');
});
