import * as z from 'zod';

const Strings = z.record(z.string(), z.string());
const Manifest = z.record(z.string(), z.unknown());

/** In the repository alone: what it is built, checked and tested with, and which handlers stand in for an application's. */
const LEFT_OUT: ReadonlySet<string> = new Set(['scripts', 'devDependencies', 'allowScripts', 'imports']);

/**
 * The package's manifest, made of the repository's. There the sources run as they are, so it names them; Node.js strips
 * the types of no file under node_modules, so the package has them built.
 */
export function publishedManifest(repository: unknown): Readonly<Record<string, unknown>> {
  const kept = Object.entries(Manifest.parse(repository)).filter(([name]) => !LEFT_OUT.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, REPLACED[name]?.(Strings.parse(value)) ?? value]));
}

const REPLACED: Readonly<Record<string, (sources: Readonly<Record<string, string>>) => unknown>> = {
  bin: (sources) => mapValues(sources, (source) => built(source, '.js')),
  exports: (sources) =>
    mapValues(sources, (source) =>
      source.endsWith('.ts') ? { types: `./${built(source, '.d.ts')}`, default: `./${built(source, '.js')}` } : source,
    ),
};

const mapValues = (record: Readonly<Record<string, string>>, change: (value: string) => unknown) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

/** `./cli/main.ts` → `dist/cli/main.js` */
const built = (source: string, ending: string): string =>
  `dist/${source.replace(/^\.\//, '').replace(/\.ts$/, ending)}`;
