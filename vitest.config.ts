import { defineConfig } from 'vitest/config';

const REFERENCE = 'test/reference/**/*.test.ts';

export default defineConfig({
  test: {
    reporters: [
      'default',
      ['./test/support/reference-check.ts', { document: 'docs/reference.md' }],
      './test/support/closing-line.ts',
    ],
    // Two cores: emulators and child processes of the slow suites need one of them.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: { name: 'fanjoin', include: ['test/**/*.test.ts'], exclude: [REFERENCE, '**/node_modules/**'] },
      },
      {
        extends: true,
        test: {
          name: 'reference',
          include: [REFERENCE],
          globalSetup: 'test/reference/stack.ts',
          maxConcurrency: 20,
          isolate: false,
        },
      },
    ],
  },
});
