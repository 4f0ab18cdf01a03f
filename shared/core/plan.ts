import type { Definition, MapNode, NodeDefinition, TriggerRule } from '../model/definition.ts';
import type { DefinitionHash, NodeId } from '../model/ids.ts';
import type { Bits } from './bits.ts';
import type { NamedSecret } from './compile-secrets.ts';

/** A node as the engine uses it: by index, with its neighbours. */
export interface PlanNode {
  readonly index: number;
  readonly id: NodeId;
  readonly definition: NodeDefinition;
  /** Graph strategies: the nodes it waits for. */
  readonly parents: readonly number[];
  readonly children: readonly number[];
  /** What must hold of the parents. A skipped step does not end a sequence, a failed one does. */
  readonly rule: TriggerRule;
  /** The parents as bits, where there are so many that byte-wise tests pay. */
  readonly parentBits: Bits | undefined;
  /** Nodes whose outputs `$nodes` and `$errors` expressions of this node name, beside its parents. */
  readonly references: readonly NodeId[];
  /** Whether its input mapping, or that of its items, refers to a secret. */
  readonly namesSecrets: boolean;
}

interface PlanBase {
  readonly definition: Definition;
  readonly hash: DefinitionHash;
  readonly nodes: readonly PlanNode[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** What its nodes refer to, in written order. */
  readonly secrets: readonly NamedSecret[];
}

/** `sequential` and `parallel`: an acyclic graph. */
export interface GraphPlan extends PlanBase {
  readonly kind: 'graph';
  /** Nodes nothing depends on, in written order; their outputs make the execution's. */
  readonly sinks: readonly number[];
  readonly roots: readonly number[];
  /** Nodes under way at once, at the most; of maps nobody knows how many chunks. */
  readonly width: number;
  /** When all sinks have succeeded, every node has ended, and none failed. */
  readonly endsWithSinks: boolean;
}

/** `conditional`: one position that moves from node to node, loops allowed. */
export interface RoutePlan extends PlanBase {
  readonly kind: 'route';
  readonly start: number;
  readonly maxVisits: number;
}

/** A validated, indexed workflow. Made by `compile`; immutable; the same for the same definition hash. */
export type Plan = GraphPlan | RoutePlan;

/** The node at `index`; the index comes from the plan itself, so a miss is a broken state, not an input error. */
export function nodeAt(plan: Plan, index: number): PlanNode {
  const node = plan.nodes[index];
  if (node === undefined) throw new RangeError(`The plan of '${plan.definition.name}' has no node number ${index}`);
  return node;
}

/** The node called `id`, or `undefined`. */
export function findNode(plan: Plan, id: string): PlanNode | undefined {
  const index = plan.indexOf.get(id);
  return index === undefined ? undefined : plan.nodes[index];
}

export const isMapNode = (node: NodeDefinition): node is MapNode => node.type === 'map';

/** Every handler type a workflow names, with the node that does. */
export function requiredHandlers(plan: Plan): { node: NodeId; handler: string }[] {
  return plan.nodes.flatMap(({ id, definition }) => {
    if (definition.type !== 'task' && definition.type !== 'map') return [];
    const types =
      definition.fallback === undefined ? [definition.handler] : [definition.handler, definition.fallback.handler];
    return types.map((handler) => ({ node: id, handler }));
  });
}

/** The pool a node asks for, if it does. */
export const namedPool = (definition: NodeDefinition): string | undefined =>
  definition.type === 'task' || definition.type === 'map' ? definition.pool : undefined;

const DEFAULT_TIMEOUT_SECONDS = 60;

/** How long one attempt of a node may take; of a map, at one of its items. */
export const timeoutSecondsOf = ({ definition }: PlanNode): number =>
  ('timeoutSeconds' in definition ? definition.timeoutSeconds : undefined) ?? DEFAULT_TIMEOUT_SECONDS;
