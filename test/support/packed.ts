import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';

const ROOT = join(import.meta.dirname, '../..');
const PARTS = ['cli', 'docs', 'examples', 'functions', 'infra', 'shared'];
const FILES = ['LICENSE', 'README.md', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

export const run = promisify(execFile);

const Manifest = z.looseObject({
  bin: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()),
  peerDependencies: z.record(z.string(), z.string()),
  peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean() })),
});
type Manifest = z.infer<typeof Manifest>;

/** What `npm pack` makes of this repository, and folders outside of it that have it installed. */
export class Packed implements AsyncDisposable {
  readonly #folder: string;
  /** The tarball. */
  readonly file: string;

  private constructor(folder: string, file: string) {
    this.#folder = folder;
    this.file = file;
  }

  /** Packs a copy: while npm packs, package.json is another, and other tests import this package by its name. */
  static async make(): Promise<Packed> {
    const folder = await mkdtemp(join(tmpdir(), 'fanjoin-packed-'));
    const copy = join(folder, 'repository');
    await mkdir(copy);
    for (const part of [...PARTS, ...FILES]) await cp(join(ROOT, part), join(copy, part), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    await run('npm', ['pack', '--pack-destination', folder, '--no-update-notifier'], { cwd: copy });
    const { version } = z.object({ version: z.string() }).parse(await readJson(join(copy, 'package.json')));
    return new Packed(folder, join(folder, `fanjoin-${version}.tgz`));
  }

  /**
   * An application with the package unpacked into its node_modules, and beside it what the package says that it needs, and
   * `extra`, and nothing else: links to the packages of this repository, as nothing is asked of a registry.
   */
  async application(
    name: string,
    { files, extra = [] }: { files: Readonly<Record<string, string>>; extra?: readonly string[] },
  ): Promise<Application> {
    const folder = join(this.#folder, name);
    const installed = join(folder, 'node_modules/fanjoin');
    await mkdir(installed, { recursive: true });
    await run('tar', ['-xzf', this.file, '-C', installed, '--strip-components=1']);
    const manifest = Manifest.parse(await readJson(join(installed, 'package.json')));
    for (const needed of [...neededBy(manifest), ...extra]) {
      const link = join(folder, 'node_modules', needed);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(ROOT, 'node_modules', needed), link);
    }
    for (const [file, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    }
    return { folder, manifest, binary: (command) => join(installed, manifest.bin[command] ?? '') };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

export interface Application {
  readonly folder: string;
  readonly manifest: Manifest;
  /** The file of one of the package's commands. */
  binary(command: string): string;
}

const neededBy = ({ dependencies, peerDependencies, peerDependenciesMeta }: Manifest): readonly string[] => [
  ...Object.keys(dependencies),
  ...Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true),
];

const readJson = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'));
