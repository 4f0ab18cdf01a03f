import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const TSC = join(import.meta.dirname, '../../node_modules/.bin/tsc');

interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** The compiler's errors in the fixtures; the indented lines below an error belong to it. */
function compileFixtures(): Promise<Diagnostic[]> {
  return new Promise((resolve) => {
    execFile(TSC, ['-p', FIXTURES, '--pretty', 'false'], (_failed, stdout) => {
      const diagnostics: Diagnostic[] = [];
      for (const line of stdout.split('\n')) {
        const found = /([\w-]+\.ts)\((\d+),\d+\): error (.*)$/.exec(line);
        const last = diagnostics.at(-1);
        if (found !== null) diagnostics.push({ file: found[1] ?? '', line: Number(found[2]), text: found[3] ?? '' });
        else if (last !== undefined) diagnostics[diagnostics.length - 1] = { ...last, text: `${last.text}\n${line}` };
      }
      resolve(diagnostics);
    });
  });
}

let compiled: Promise<Diagnostic[]>;
beforeAll(() => {
  compiled = compileFixtures();
});

describe.each([
  ['defineWorkflow', 'workflows.ts', 'unknown ids and inputs that do not fit'],
  ['createTestExecutor', 'test-kit.ts', 'unknown nodes, and stand-ins that a handler’s users could not take'],
])('%s', (_what, file, refused) => {
  let expected: { line: number; fragment: string }[] = [];
  let found: Diagnostic[] = [];

  beforeAll(async () => {
    const lines = (await readFile(join(FIXTURES, file), 'utf8')).split('\n');
    expected = lines.flatMap((line, index) => {
      const fragment = line.split('// error: ')[1];
      return fragment === undefined ? [] : [{ line: index + 1, fragment }];
    });
    found = (await compiled).filter((diagnostic) => diagnostic.file === file);
  });

  it(`lets the compiler refuse ${refused}, and nothing else`, () => {
    expect(expected.length).toBeGreaterThan(9);
    expect([...new Set(found.map(({ line }) => line))]).toEqual(expected.map(({ line }) => line));
  });

  it('says in the error what is wrong', () => {
    for (const { line, fragment } of expected) {
      const errors = found.filter((diagnostic) => diagnostic.line === line).map(({ text }) => text);
      expect(errors.join('\n'), `line ${line}`).toContain(fragment);
    }
  });
});
