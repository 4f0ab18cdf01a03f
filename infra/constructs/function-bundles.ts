import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { buildSync, stop } from 'esbuild';

const FUNCTIONS = join(import.meta.dirname, '../../functions');

/** The functions, by their folder under `functions/`. */
export const FUNCTION_FOLDERS = ['api', 'scheduler', 'node-runner', 'dead-letter', 'sweep', 'observer'] as const;
export type FunctionFolder = (typeof FUNCTION_FOLDERS)[number];

export interface FunctionBundles {
  readonly code: Readonly<Record<FunctionFolder, Code>>;
  /** Changes with the code of the handlers, or of what runs them. */
  readonly handlersVersion: string;
}

/**
 * Bundles each function into one ES module, `index.mjs`, without anything left to install.
 *
 * By esbuild's own API, not by `NodejsFunction`s: those start npx for each function, which took four seconds of a
 * synthesis, and so of each start of the local stack. Together they take half a second: they share most modules.
 *
 * @param replacedImports files that stand in for subpath imports of package.json: `{ '#handlers': '/app/handlers.ts' }`
 */
export function bundleFunctions(
  scope: Construct,
  replacedImports: Readonly<Record<string, string>> = {},
): FunctionBundles {
  const outdir = join(Stage.of(scope)?.assetOutdir ?? 'cdk.out', `bundles.${scope.node.addr}`);
  buildSync({
    entryPoints: FUNCTION_FOLDERS.map((folder) => ({
      in: join(FUNCTIONS, folder, 'handler.ts'),
      out: join(folder, 'index'),
    })),
    outdir,
    outExtension: { '.js': '.mjs' },
    alias: replacedImports,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Of packages that have both forms the one that is shaken. None is left out: the SDK that the runtime brings is
    // older than the one this is tested with.
    mainFields: ['module', 'main'],
    // For packages that have only the other form: an ES module has no `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  // Its process would stay for further builds.
  void stop();
  const codeOf = (folder: FunctionFolder): Code => Code.fromAsset(join(outdir, folder));
  return {
    code: {
      api: codeOf('api'),
      scheduler: codeOf('scheduler'),
      'node-runner': codeOf('node-runner'),
      'dead-letter': codeOf('dead-letter'),
      sweep: codeOf('sweep'),
      observer: codeOf('observer'),
    },
    handlersVersion: createHash('sha256')
      .update(readFileSync(join(outdir, 'node-runner/index.mjs')))
      .digest('hex')
      .slice(0, 16),
  };
}
