import type { Definition, NodeDefinition } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import { isTrue, own, type Scope } from './oracle-expressions.ts';
import { caught, configOf, type Expected, expectNode } from './oracle-node.ts';

export interface RouteOutcome {
  /** In order. */
  readonly visits: readonly { readonly node: string; readonly visit: number; readonly expected: Expected }[];
  readonly failedNode?: string;
  /** The name of the error that ends it. */
  readonly error?: string;
  readonly output: Json;
}

/** Walks a `conditional` workflow. */
export function expectRoute(definition: Definition, input: Json): RouteOutcome {
  const visits: { node: string; visit: number; expected: Expected }[] = [];
  const entered = new Map<string, number>();
  const outputs: Record<string, Json> = {};
  const errors = new Map<string, string>();
  let position: string | undefined = definition.start ?? Object.keys(definition.nodes)[0];
  while (position !== undefined) {
    const node: NodeDefinition | undefined = own<NodeDefinition>(definition.nodes, position);
    if (node === undefined) throw new Error(`The oracle is at '${position}', which does not exist`);
    const visit: number = (entered.get(position) ?? 0) + 1;
    if (visit > (definition.maxVisits ?? 100)) return { visits, error: 'TooManyVisits', output: null };
    entered.set(position, visit);
    const scope: Scope = { context: input, input, outputs, errors };
    const { expected, next } = goOn(definition, node, expectNode(node, scope, visit, configOf(definition)), scope);
    visits.push({ node: position, visit, expected });
    if (expected.status === 'FAILED')
      return { visits, failedNode: position, error: expected.error ?? '', output: null };
    delete outputs[position];
    if (expected.status === 'SUCCEEDED') outputs[position] = expected.output ?? null;
    if (expected.error === undefined) errors.delete(position);
    else errors.set(position, expected.error);
    position = next;
  }
  return { visits, output: outputs };
}

interface Step {
  readonly expected: Expected;
  readonly next: string | undefined;
}

/** Where a visit goes on; what it names may not exist, and then its catch clauses have a say. */
function goOn(definition: Definition, node: NodeDefinition, expected: Expected, scope: Scope): Step {
  if (expected.status === 'FAILED') return { expected, next: undefined };
  if (expected.source === 'catch' && expected.caughtNext !== undefined)
    return { expected, next: targetOf(expected.caughtNext) };
  const problem =
    expected.route !== undefined && !Object.hasOwn(definition.nodes, expected.route) && expected.route !== '$end'
      ? 'UnknownNextNode'
      : undefined;
  const chosen =
    expected.route ??
    choose(node, { ...scope, output: expected.status === 'SUCCEEDED' ? (expected.output ?? null) : null });
  if (problem === undefined && chosen !== undefined) return { expected, next: targetOf(chosen) };
  if (expected.source === 'catch') return { expected: { ...expected, status: 'FAILED' }, next: undefined };
  const error = problem ?? 'NoChoiceMatched';
  if (expected.status === 'SKIPPED')
    return { expected: { status: 'FAILED', source: 'engine', error, attempts: 1 }, next: undefined };
  const { attempts } = expected;
  const recovered = caught(node, scope, {
    status: 'FAILED',
    source: 'handler',
    error,
    ...(attempts !== undefined && { attempts }),
  });
  return goOn(definition, node, recovered, scope);
}

/** `undefined`: no choice is true, and there is nothing else. */
function choose(node: NodeDefinition, scope: Scope): string | undefined {
  const choice = node.choices?.find(({ when }) => isTrue(when, scope));
  return choice?.next ?? node.next ?? (node.choices === undefined ? '$end' : undefined);
}

const targetOf = (target: string): string | undefined => (target === '$end' ? undefined : target);
