import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSpecification, Vitest } from 'vitest/node';
import { checkRows, type RanTest, readRows } from './reference-rows.ts';

/** After a run of all tests, fails it if a row of a document names no test, or one that does not hold on both twins. */
export default class ReferenceCheck implements Reporter {
  readonly #document: string;
  #vitest: Vitest | undefined;
  #isWhole = false;

  /** @param options `document`: its path from the root */
  constructor({ document }: { document: string }) {
    this.#document = document;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunStart(specifications: readonly TestSpecification[]): Promise<void> {
    const all = (await this.#vitest?.globTestSpecifications()) ?? [];
    this.#isWhole = specifications.length === all.length && this.#vitest?.getGlobalTestNamePattern() === undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (!this.#isWhole) return;
    const root = this.#vitest?.config.root ?? '';
    const ran = modules.flatMap((module) => [...module.children.allTests()].map((test) => ranTest(root, test)));
    const isAwsSkipped = process.env.CI !== 'true' && !ran.some(isPassedOnAws);
    const rows = readRows(readFileSync(join(root, this.#document), 'utf8'));
    const problems = checkRows(rows, ran, { isAwsSkipped });
    for (const problem of problems) console.error(`${this.#document}, ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
    else console.log(`\n${this.#document}: every row holds${isAwsSkipped ? '; AWS was skipped' : ''}`);
  }
}

const isPassedOnAws = ({ path, state }: RanTest): boolean => path[0] === 'aws' && state === 'passed';

function ranTest(root: string, test: TestCase): RanTest {
  const path = [test.name];
  for (let suite = test.parent; suite.type === 'suite'; suite = suite.parent) path.unshift(suite.name);
  return { file: relative(root, test.module.moduleId), path, state: test.result().state };
}
