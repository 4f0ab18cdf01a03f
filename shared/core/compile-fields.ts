import { type Definition, END_TARGET, type NodeDefinition } from '../model/definition.ts';
import type { NodeId } from '../model/ids.ts';
import { retryContradictions } from './retry-contradictions.ts';

type Report = (path: string, code: string, message: string) => void;

const ONLY: readonly (readonly [string, Definition['strategy']])[] = [
  ['dependsOn', 'parallel'],
  ['triggerRule', 'parallel'],
  ['choices', 'conditional'],
  ['next', 'conditional'],
  ['mayRouteTo', 'conditional'],
];

/** Reports fields of another strategy, and names of nodes that there are not. */
export function checkFields(
  { strategy }: Definition,
  id: NodeId,
  node: NodeDefinition,
  parents: readonly number[],
  indexOf: ReadonlyMap<string, number>,
  report: Report,
): void {
  const at = (field: string) => `nodes.${id}.${field}`;
  for (const [field, only] of ONLY) {
    if (field in node && strategy !== only && !(node.type === 'choice' && field === 'choices')) {
      report(at(field), 'WRONG_STRATEGY', `belongs to the strategy '${only}'; this workflow is '${strategy}'`);
    }
  }
  if (node.type === 'choice' && strategy !== 'conditional') {
    report(
      at('type'),
      'WRONG_STRATEGY',
      `a choice belongs to the strategy 'conditional'; in a '${strategy}' workflow use runIf`,
    );
  }
  const { dependsOn = [] } = node;
  // As many parents as names: none is unknown, none stands twice.
  if (strategy !== 'parallel' || parents.length !== dependsOn.length) checkDependsOn(dependsOn, at, indexOf, report);
  if (node.triggerRule !== undefined && dependsOn.length === 0) {
    report(at('triggerRule'), 'NO_DEPENDENCIES', 'has no effect without dependsOn');
  }
  for (const [path, target] of targetsOf(node)) {
    if (target !== END_TARGET && !indexOf.has(target)) report(at(path), 'UNKNOWN_NODE', unknownNode(target, indexOf));
  }
  if (strategy === 'conditional') return;
  catchesOf(node)?.forEach(({ next }, index) => {
    if (next === undefined) return;
    report(
      at(`catch[${index}].next`),
      'WRONG_STRATEGY',
      `belongs to the strategy 'conditional'; here give an output instead`,
    );
  });
}

function checkDependsOn(
  dependsOn: readonly string[],
  at: (field: string) => string,
  indexOf: ReadonlyMap<string, number>,
  report: Report,
): void {
  const named = new Set<string>();
  for (const [index, parent] of dependsOn.entries()) {
    if (!indexOf.has(parent)) report(at(`dependsOn[${index}]`), 'UNKNOWN_NODE', unknownNode(parent, indexOf));
    if (named.has(parent)) report(at(`dependsOn[${index}]`), 'DUPLICATE_NODE', `names '${parent}' a second time`);
    named.add(parent);
  }
}

/** Reports a retry that contradicts itself. */
export function checkRetry(id: NodeId, node: NodeDefinition, report: Report): void {
  const retry = 'retry' in node ? node.retry : undefined;
  if (retry === undefined) return;
  for (const { field, message } of retryContradictions(retry))
    report(`nodes.${id}.retry.${field}`, 'CONTRADICTORY_RETRY', message);
}

/** Where a node may go on to, each with the field that says so. */
export function targetsOf(node: NodeDefinition): [string, string][] {
  const targets: [string, string][] = [];
  if (node.next !== undefined) targets.push(['next', node.next]);
  node.choices?.forEach(({ next }, index) => void targets.push([`choices[${index}].next`, next]));
  node.mayRouteTo?.forEach((target, index) => void targets.push([`mayRouteTo[${index}]`, target]));
  catchesOf(node)?.forEach(({ next }, index) => {
    if (next !== undefined) targets.push([`catch[${index}].next`, next]);
  });
  return targets;
}

const catchesOf = (node: NodeDefinition) => ('catch' in node ? node.catch : undefined);

/** Of so many nodes none is looked through for a likely name: thousands of wrong ids would take minutes. */
const MAX_HINTED_NODES = 1_000;

/** What is said of a name that no node has. */
export function unknownNode(id: string, indexOf: ReadonlyMap<string, number>): string {
  if (indexOf.size > MAX_HINTED_NODES) return `names a node that does not exist: '${id}'.`;
  const known = [...indexOf.keys()];
  const near = known.find(
    (other) => other.toLowerCase() === id.toLowerCase() || other.startsWith(id) || id.startsWith(other),
  );
  const hint =
    near !== undefined ? ` Did you mean '${near}'?` : known.length <= 12 ? ` There are: ${known.join(', ')}.` : '';
  return `names a node that does not exist: '${id}'.${hint}`;
}
