/** The tests of this folder run on both twins; each in a `describe` that is called as its twin. */
const BOTH_TWINS = 'test/reference/';
const TWINS = ['local', 'aws'] as const;

/** A test that a row names. */
export interface NamedTest {
  /** From the root: `test/reference/map.test.ts`. */
  readonly file: string;
  /** Of the test alone, without what it is in. */
  readonly name: string;
  /** Why it runs on one twin only, if the row says so. */
  readonly oneSided?: string;
}

/** A row of a table whose last column is called `Tests`. */
export interface ReferenceRow {
  readonly line: number;
  /** Its first cell. */
  readonly about: string;
  readonly tests: readonly NamedTest[];
}

/** A test that ran. */
export interface RanTest {
  readonly file: string;
  /** From the outermost `describe` to the test itself. */
  readonly path: readonly string[];
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
}

/**
 * Reads the rows of a Markdown document. A test is written `` `map.test.ts › gives an empty list` ``, with a file in
 * `test/reference/`; one that lies elsewhere `` `e2e/cli.test.ts › prints it` (one-sided: why) ``, with a file in `test/`.
 */
export function readRows(markdown: string): ReferenceRow[] {
  const rows: ReferenceRow[] = [];
  let isInTable = false;
  for (const [index, line] of markdown.split('\n').entries()) {
    const cells = line.startsWith('|') ? line.split(/(?<!\\)\|/).slice(1, -1) : [];
    const [about = '', tests = ''] = [cells.at(0)?.trim(), cells.at(-1)?.trim()];
    if (cells.length === 0) isInTable = false;
    else if (tests === 'Tests') isInTable = true;
    else if (isInTable && !/^:?-+:?$/.test(tests)) rows.push({ line: index + 1, about, tests: readTests(tests) });
  }
  return rows;
}

function readTests(cell: string): NamedTest[] {
  return [...cell.matchAll(/`([^`]+?) › ([^`]+)`(?: \(one-sided: ([^)]+)\))?/g)].map(
    ([, file = '', name = '', why]) => ({
      file: file.includes('/') ? `test/${file}` : `${BOTH_TWINS}${file}`,
      name,
      ...(why !== undefined && { oneSided: why }),
    }),
  );
}

/**
 * What is wrong with rows, given all tests that there are: a row without tests is open, and a test must have passed, on
 * both twins unless the row says why not.
 *
 * @param isAwsSkipped this machine cannot run what needs Java: then nothing is said of tests that were skipped
 */
export function checkRows(
  rows: readonly ReferenceRow[],
  ran: readonly RanTest[],
  { isAwsSkipped }: { isAwsSkipped: boolean },
): string[] {
  return rows.flatMap(({ line, about, tests }) => {
    const problems =
      tests.length === 0 ? ['is open: it names no test'] : tests.flatMap((test) => problemsOf(test, ran, isAwsSkipped));
    return problems.map((problem) => `line ${line}, ${about}: ${problem}`);
  });
}

function problemsOf({ file, name, oneSided }: NamedTest, ran: readonly RanTest[], isAwsSkipped: boolean): string[] {
  const said = `'${file} › ${name}'`;
  const found = ran.filter((test) => test.file === file && test.path.at(-1) === name);
  if (found.length === 0) return [`${said} does not exist`];
  const bad = found.find(({ state }) => state !== 'passed' && !(state === 'skipped' && isAwsSkipped));
  if (bad !== undefined) return [`${said} did not pass: ${bad.path.join(' › ')} was ${bad.state}`];
  if (oneSided !== undefined) return [];
  if (!file.startsWith(BOTH_TWINS)) return [`${said} runs on one twin; say why with (one-sided: …)`];
  const missing = TWINS.filter((twin) => !found.some(({ path }) => path.includes(twin)));
  return missing.map((twin) => `${said} did not run on the twin '${twin}'`);
}
