import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type BuildFailure, type BuildOptions, buildSync, type Metafile, stop } from 'esbuild';
import { FanjoinError } from '../../shared/errors.ts';
import { BUNDLE_OPTIONS } from './bundle-options.ts';
import { handlerTypesIn } from './handlers-module.ts';

const FUNCTIONS = join(import.meta.dirname, '../../functions');
/** TypeScript in the repository, JavaScript in the package, as this file itself. */
const HANDLER_FILE = `handler${extname(import.meta.filename)}`;

/** The functions, by their folder under `functions/`. */
export const FUNCTION_FOLDERS = [
  'api',
  'scheduler',
  'node-runner',
  'dead-letter',
  'sweep',
  'observer',
  'publisher',
  'trigger',
] as const;
export type FunctionFolder = (typeof FUNCTION_FOLDERS)[number];

/** What the application's handlers are bundled into, beside what runs them. */
export const HANDLERS_FILE = 'handlers.mjs';

export interface FunctionBundles {
  /** Where each function's own files lie, and nothing else: `index.mjs`, and the chunks it may load. */
  readonly folders: Readonly<Record<FunctionFolder, string>>;
  readonly handlers: {
    /** Changes with the code of the handlers, or of what runs them. */
    readonly version: string;
    /** What the module exports, in order. */
    readonly types: readonly string[];
  };
  /** What is in which file. */
  readonly metafile: Metafile;
}

export interface BundleOptions {
  /** The module that exports the application's `handlers`. */
  readonly handlersEntry: string;
  /** Variables that the handlers are loaded with, to see that they load. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Bundles the functions into the assembly. @throws {FanjoinError} as {@link buildBundles} does */
export function bundleFunctions(scope: Construct, options: BundleOptions): FunctionBundles {
  return buildBundles(join(Stage.of(scope)?.assetOutdir ?? 'cdk.out', `bundles.${scope.node.addr}`), options);
}

export const codeIn = (folder: string): Code => Code.fromAsset(folder);

/**
 * Bundles each function into a folder of its own: `index.mjs`, and the chunks it may load, without anything left to
 * install. What is imported by `await import(…)` is a chunk that loads when it is first needed: most of the SDK's ways to
 * find credentials never are, nor is what a feature takes that is off. The application's handlers are a file of their own.
 *
 * By esbuild's own API, not by `NodejsFunction`s: those start npx for each function, which took four seconds of a
 * synthesis, and so of each start of the local stack. Together they take a quarter of a second: they share most modules.
 *
 * @throws {FanjoinError} `HANDLERS_NOT_BUNDLED` or `HANDLERS_NOT_LOADED`, naming the file
 */
export function buildBundles(outdir: string, { handlersEntry, environment }: BundleOptions): FunctionBundles {
  const { metafile } = build(handlersEntry, {
    entryPoints: [
      ...FUNCTION_FOLDERS.map((folder) => ({ in: join(FUNCTIONS, folder, HANDLER_FILE), out: folder })),
      { in: handlersEntry, out: 'handlers' },
    ],
    outdir,
    outExtension: { '.js': '.mjs' },
    // The runner names the file rather than take its code in: so it stays apart, whatever is in it.
    alias: { '#handlers': `./${HANDLERS_FILE}` },
    external: [`./${HANDLERS_FILE}`],
    ...BUNDLE_OPTIONS,
    splitting: true,
    metafile: true,
    logLevel: 'silent',
  });
  const folderOf = (folder: FunctionFolder): string => gather(outdir, metafile, folder);
  const folders = {
    api: folderOf('api'),
    scheduler: folderOf('scheduler'),
    'node-runner': folderOf('node-runner'),
    'dead-letter': folderOf('dead-letter'),
    sweep: folderOf('sweep'),
    observer: folderOf('observer'),
    publisher: folderOf('publisher'),
    trigger: folderOf('trigger'),
  };
  // Chunks are named by their content, and named in what imports them: these two files tell of all.
  const version = createHash('sha256');
  for (const file of ['node-runner.mjs', HANDLERS_FILE]) version.update(readFileSync(join(outdir, file)));
  const types = handlerTypesIn(join(folders['node-runner'], HANDLERS_FILE), { handlersEntry, environment });
  return { folders, handlers: { version: version.digest('hex').slice(0, 16), types }, metafile };
}

function build(handlersEntry: string, options: BuildOptions & { readonly metafile: true }) {
  try {
    return buildSync(options);
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    const problems = error.errors.map(({ location, text }) =>
      location === null ? text : `${location.file}:${location.line}:${location.column}: ${text}`,
    );
    throw new FanjoinError(
      'HANDLERS_NOT_BUNDLED',
      `The handlers' file '${handlersEntry}' cannot be bundled:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
      { cause: error },
    );
  } finally {
    // Its process would stay for further builds.
    void stop();
  }
}

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);

/** Puts a function's own file and all it may load, now or later, into a folder, and gives that. */
function gather(outdir: string, { outputs }: Metafile, folder: FunctionFolder): string {
  const target = join(outdir, folder);
  const entry = `${folder}.mjs`;
  mkdirSync(target, { recursive: true });
  const imports = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output.imports]));
  const needed = new Set([entry]);
  for (const file of needed) {
    copyFileSync(join(outdir, file), join(target, file === entry ? 'index.mjs' : file));
    // What is external is Node.js's, but for the handlers.
    for (const { path } of imports.get(file) ?? []) if (imports.has(basename(path))) needed.add(basename(path));
  }
  return target;
}
