import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import { describeCause, FanjoinError, type Issue } from '../errors.ts';

/** Uses of one anchor; a file that nests aliases to grow without bound is refused. */
const MAX_ALIASES = 1_000;
const MAX_SYNTAX_ISSUES = 20;
/** In the message; `issues` has them all. */
const MAX_ISSUES_SHOWN = 100;

/** An issue with its place in the file, both from 1, where there is one. */
export interface PlacedIssue extends Issue {
  readonly line?: number;
  readonly column?: number;
}

/** A definition file that cannot be used. Lists every issue found with its place. */
export class DefinitionFileError extends FanjoinError {
  override readonly name = 'DefinitionFileError';
  readonly issues: readonly PlacedIssue[];

  constructor(file: string, issues: readonly PlacedIssue[]) {
    const lines = issues.slice(0, MAX_ISSUES_SHOWN).map(({ path, message, line, column }) => {
      const place = line === undefined ? file : `${file}:${line}:${column}`;
      return `  ${place}  ${path === '' ? '' : `${path}: `}${message}`;
    });
    const hidden = issues.length - lines.length;
    if (hidden > 0) lines.push(`  … and ${hidden} more; --json lists them all`);
    super('INVALID_DEFINITION', `The workflow file is not valid:\n${lines.join('\n')}`, { details: { file, issues } });
    this.issues = issues;
  }
}

/** A parsed file: its value, and where in the text things stand. */
export interface DefinitionFile {
  readonly value: unknown;
  /** The issue with the place of what its path names, or of the nearest thing around it. */
  place(issue: Issue): PlacedIssue;
}

/**
 * Parses YAML, and JSON as the YAML it is. Repeated keys are errors: the parser's own check compares every key with
 * every other, which a workflow of 10,000 nodes makes slow, so the keys are compared here.
 *
 * @throws {DefinitionFileError}
 */
export function parseDefinitionFile(text: string, file: string): DefinitionFile {
  try {
    return parse(text, file);
  } catch (error) {
    // The parser follows the text's nesting on the stack, and so do we.
    if (!(error instanceof RangeError)) throw error;
    throw new DefinitionFileError(file, [{ path: '', code: 'NOT_JSON', message: 'is nested too deep; flatten it' }]);
  }
}

function parse(text: string, file: string): DefinitionFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, uniqueKeys: false, stringKeys: true, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const issues: PlacedIssue[] = [...document.errors, ...document.warnings]
    .slice(0, MAX_SYNTAX_ISSUES)
    .map(({ code, message, pos }) => ({ path: '', code, message, ...at(pos[0]) }));
  const root = document.contents;
  if (root !== null)
    reportRepeatedKeys(root, '', (path, message, offset) =>
      issues.push({ path, code: 'DUPLICATE_KEY', message, ...at(offset) }),
    );
  if (issues.length > 0) throw new DefinitionFileError(file, issues);
  return {
    value: toValue(document, file),
    place: (issue) => {
      const offset = offsetOf(root, issue.path);
      return offset === undefined ? issue : { ...issue, ...at(offset) };
    },
  };
}

function toValue(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw new DefinitionFileError(file, [{ path: '', code: 'INVALID_ALIAS', message: describeCause(error) }]);
  }
}

function reportRepeatedKeys(
  node: ParsedNode,
  path: string,
  report: (path: string, message: string, offset: number) => void,
): void {
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries())
      if (isNode(item)) reportRepeatedKeys(item, `${path}[${index}]`, report);
  }
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const { key, value } of node.items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    const place = path === '' ? name : `${path}.${name}`;
    if (seen.has(name)) report(place, `is here a second time; only one of them could count`, key.range?.[0] ?? 0);
    seen.add(name);
    if (isNode(value)) reportRepeatedKeys(value, place, report);
  }
}

const isNode = (value: unknown): value is ParsedNode =>
  isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);

/** Where `nodes.ship.dependsOn[1]` stands: a map's entry by its key, so that what is missing in it has a place too. */
function offsetOf(root: ParsedNode | null, path: string): number | undefined {
  let node: unknown = root;
  let offset = root?.range[0];
  for (const step of path.match(/[^.[\]]+/g) ?? []) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      if (pair === undefined || !isScalar(pair.key)) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (isNode(node)) offset = node.range[0];
    } else {
      break;
    }
  }
  return offset;
}
