import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { buildSync, type Metafile, stop } from 'esbuild';

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
 * Bundles each function into a folder of its own: `index.mjs`, and the chunks it may load, without anything left to
 * install. What is imported by `await import(…)` is a chunk that loads when it is first needed: most of the SDK's ways to
 * find credentials never are, nor is what a feature takes that is off.
 *
 * By esbuild's own API, not by `NodejsFunction`s: those start npx for each function, which took four seconds of a
 * synthesis, and so of each start of the local stack. Together they take a quarter of a second: they share most modules.
 *
 * @param replacedImports files that stand in for subpath imports of package.json: `{ '#handlers': '/app/handlers.ts' }`
 */
export function bundleFunctions(
  scope: Construct,
  replacedImports: Readonly<Record<string, string>> = {},
): FunctionBundles {
  const outdir = join(Stage.of(scope)?.assetOutdir ?? 'cdk.out', `bundles.${scope.node.addr}`);
  const { metafile } = buildSync({
    entryPoints: FUNCTION_FOLDERS.map((folder) => ({ in: join(FUNCTIONS, folder, 'handler.ts'), out: folder })),
    outdir,
    outExtension: { '.js': '.mjs' },
    alias: replacedImports,
    bundle: true,
    splitting: true,
    metafile: true,
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
  const codeOf = (folder: FunctionFolder): Code => Code.fromAsset(gather(outdir, metafile, folder));
  return {
    code: {
      api: codeOf('api'),
      scheduler: codeOf('scheduler'),
      'node-runner': codeOf('node-runner'),
      'dead-letter': codeOf('dead-letter'),
      sweep: codeOf('sweep'),
      observer: codeOf('observer'),
    },
    // Chunks are named by their content, and named in what imports them: this one file tells of all.
    handlersVersion: createHash('sha256')
      .update(readFileSync(join(outdir, 'node-runner.mjs')))
      .digest('hex')
      .slice(0, 16),
  };
}

/** Puts a function's own file and all it may load, now or later, into a folder, and gives that. */
function gather(outdir: string, { outputs }: Metafile, folder: FunctionFolder): string {
  const target = join(outdir, folder);
  mkdirSync(target, { recursive: true });
  const entry = `${folder}.mjs`;
  const imports = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output.imports]));
  const needed = new Set([entry]);
  for (const file of needed) {
    copyFileSync(join(outdir, file), join(target, file === entry ? 'index.mjs' : file));
    for (const { path, external } of imports.get(file) ?? []) if (external !== true) needed.add(basename(path));
  }
  return target;
}
