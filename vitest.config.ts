import { defineConfig } from 'vitest/config';

const REFERENCE = 'test/reference/**/*.test.ts';

/** Beside the reference: what runs a second time where every result goes through the scheduler. They take `ADVANCE`. */
const IN_BOTH_MODES = [
  'test/property/{crash,history,max-parallel-nodes}.test.ts',
  'test/e2e/{twins,disturbed,kills,local-stack}.test.ts',
  'test/kills/{kills,stack-kills,engine-life}.test.ts',
  'test/integration/{callbacks,clock-set-back,executor-memory,history,observed-after-failures}.test.ts',
];

const reference = {
  include: [REFERENCE],
  globalSetup: 'test/reference/stack.ts',
  maxConcurrency: 20,
  isolate: false,
};

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
        test: {
          name: 'fanjoin',
          include: ['test/**/*.test.ts'],
          exclude: [REFERENCE, '**/node_modules/**'],
          provide: { advance: 'eager' },
        },
      },
      { extends: true, test: { name: 'fanjoin, stream', include: IN_BOTH_MODES, provide: { advance: 'stream' } } },
      { extends: true, test: { ...reference, name: 'reference', provide: { advance: 'eager' } } },
      { extends: true, test: { ...reference, name: 'reference, stream', provide: { advance: 'stream' } } },
    ],
  },
});
