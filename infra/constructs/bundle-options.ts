import type { BuildOptions } from 'esbuild';

/** How all that runs on Lambda is bundled: ES modules for the Node.js that is deployed, minified. */
export const BUNDLE_OPTIONS = {
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
} as const satisfies BuildOptions;
