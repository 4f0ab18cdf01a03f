import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { AssetCode, Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { buildSync } from 'esbuild';

export interface BundleOptions {
  /** The module that exports the handler. */
  readonly entry: string;
  /** Files that replace subpath imports, by import. */
  readonly replacedImports: Readonly<Record<string, string>>;
}

/**
 * Bundles a function into one ES module, `index.mjs`, without anything left to install.
 *
 * By esbuild's own API, not by a `NodejsFunction`: that one starts npx for each function, which takes four of five
 * seconds of a synthesis (and so of each start of the local stack).
 */
export function bundle(scope: Construct, { entry, replacedImports }: BundleOptions): AssetCode {
  const outdir = join(Stage.of(scope)?.assetOutdir ?? 'cdk.out', `bundle.${scope.node.addr}`);
  mkdirSync(outdir, { recursive: true });
  buildSync({
    entryPoints: [entry],
    outfile: join(outdir, 'index.mjs'),
    alias: replacedImports,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Packages that have both forms: only ES modules are shaken. None is external: the SDK that the runtime brings is
    // older than the one this is tested with.
    mainFields: ['module', 'main'],
    // For packages that have only the other form: an ES module has no `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  return Code.fromAsset(outdir);
}
