import * as z from 'zod';
import { ExecutionConfigInput, RetryPolicy } from './config.ts';
import { HandlerType, NodeId, WorkflowName } from './ids.ts';
import { LIMITS } from './limits.ts';
import { Expression, InputMapping, Mapping } from './mapping.ts';
import { PoolName } from './pools.ts';
import { Trigger } from './trigger.ts';

export const TriggerRule = z.enum([
  'all_success',
  'all_failed',
  'all_done',
  'any_success',
  'any_failed',
  'none_failed',
]);
export type TriggerRule = z.infer<typeof TriggerRule>;

/** Where a `conditional` workflow goes on: a node id, or `$end`. Unknown ids are found by `compile`. */
export const Target = z.string().min(1);
export const END_TARGET = '$end';

export const Choice = z.strictObject({
  /** Taken if this is true (JSONata's boolean cast). May use `$output`, the node's own output. */
  when: Expression,
  next: Target,
});
export type Choice = z.infer<typeof Choice>;

/** What to do with an error that retries and fallback left. The first clause that matches is taken. */
export const CatchClause = z.strictObject({
  /** Error names; `*` alone matches all, at the end of a name any ending. */
  errors: z.array(z.string().min(1)).min(1),
  /** `conditional` only: go on there. */
  next: Target.optional(),
  /** The node's output instead. Default null. May use `$error`. */
  output: Mapping.optional(),
});
export type CatchClause = z.infer<typeof CatchClause>;

/** Reuse of what was computed before. Only successes are kept. */
export const CachePolicy = z.strictObject({
  /** How long a success is reused. Default one hour. */
  ttlSeconds: z.number().positive().max(LIMITS.maxTimeoutSeconds).default(3_600),
});
export type CachePolicy = z.infer<typeof CachePolicy>;

const common = {
  description: z.string().max(2_000).optional(),
  /** `parallel` only: the nodes this one waits for. Default none. */
  dependsOn: z.array(z.string().min(1)).optional(),
  /** `parallel` only: what must hold of `dependsOn`. Default `all_success`. */
  triggerRule: TriggerRule.optional(),
  /** Evaluated before the node starts; false skips it. */
  runIf: Expression.optional(),
  /** The node's input. Default: as its strategy says. */
  input: InputMapping.optional(),
  /** `conditional` only: tried in order; before `next`. */
  choices: z.array(Choice).optional(),
  /** `conditional` only: where to go on. Default: the end. */
  next: Target.optional(),
  /** `conditional` only: nodes that the handler itself may go on to by `nextNodeId` or `conditionalNext`. */
  mayRouteTo: z.array(Target).optional(),
};

const handled = {
  /** The registered handler that does the work. */
  handler: HandlerType,
  /** For one attempt. Default 60. */
  timeoutSeconds: z.number().positive().max(LIMITS.maxTimeoutSeconds).optional(),
  /** Default: none, or the default policy with `retryFailedNodes`. */
  retry: RetryPolicy.optional(),
  /** A handler run once, with the same input, when the retries are used up. */
  fallback: z.strictObject({ handler: HandlerType }).optional(),
  catch: z.array(CatchClause).optional(),
  /** The pool whose queue carries this node's work. Default `default`. */
  pool: PoolName.optional(),
};

/** One call of a handler. */
export const TaskNode = z.strictObject({
  type: z.literal('task').default('task'),
  ...common,
  ...handled,
  /** Reuses the output for the same handler, handler version and input, across executions. Default: not. */
  cache: CachePolicy.optional(),
});
/** Evaluates `output`; no handler. */
export const TransformNode = z.strictObject({ type: z.literal('transform'), ...common, output: Mapping });
/** `conditional` only: passes its input on and goes where `choices` say. */
export const ChoiceNode = z.strictObject({ type: z.literal('choice'), ...common, choices: z.array(Choice).min(1) });
/** Calls the handler once for each item and gives the outputs in the items' order. */
export const MapNode = z.strictObject({
  type: z.literal('map'),
  ...common,
  ...handled,
  /** Must give an array. Default: the node's input. */
  items: Expression.optional(),
  /** The handler's input; may use `$item` and `$index`, and `$` for the map's own input. Default: the item. */
  itemInput: InputMapping.optional(),
  /** Items to a chunk; a chunk is one message, one write, and its items run one after another. Default 1. */
  chunkSize: z.int().min(1).max(LIMITS.maxChunkSize).optional(),
  /** Chunks of this map at once. Default: `maxParallelNodes`, which bounds it in any case. */
  maxConcurrency: z.int().min(1).max(LIMITS.maxParallelNodes).optional(),
  /** So many items may fail; their outputs are null. Default 0. */
  toleratedFailureCount: z.int().min(0).optional(),
  /** Or so many of a hundred; the larger of the two bounds holds. Default 0. */
  toleratedFailurePercentage: z.number().min(0).max(100).optional(),
});

export type TaskNode = z.infer<typeof TaskNode>;
export type TransformNode = z.infer<typeof TransformNode>;
export type ChoiceNode = z.infer<typeof ChoiceNode>;
export type MapNode = z.infer<typeof MapNode>;

/** A node of a workflow. `type` defaults to `task`. */
export const NodeDefinition = z.preprocess(
  (node) => (typeof node === 'object' && node !== null && !('type' in node) ? { type: 'task', ...node } : node),
  z.discriminatedUnion('type', [TaskNode, TransformNode, ChoiceNode, MapNode]),
);
export type NodeDefinition = TaskNode | TransformNode | ChoiceNode | MapNode;

export const Strategy = z.enum(['sequential', 'parallel', 'conditional']);
export type Strategy = z.infer<typeof Strategy>;

/** A workflow: nodes by id, in the order in which they are written, and how to run them. */
export const Definition = z.strictObject({
  name: WorkflowName,
  description: z.string().max(2_000).optional(),
  strategy: Strategy.default('parallel'),
  /** `conditional` only: the first node. Default: the first one written. */
  start: z.string().min(1).optional(),
  /** `conditional` only: how often one node may be visited. Default 100. */
  maxVisits: z.int().min(1).max(LIMITS.maxVisits).optional(),
  config: ExecutionConfigInput.optional(),
  /** Reuses the output of an execution of the same definition, handlers, input and globals. Default: not. */
  cache: CachePolicy.optional(),
  /** What starts it, where it is deployed with a stack: events, schedules, objects in a bucket, messages on a queue. Default: none. */
  triggers: z.array(Trigger).max(LIMITS.maxTriggers).optional(),
  nodes: z.record(NodeId, NodeDefinition),
});
export type Definition = z.infer<typeof Definition>;
/** A definition as users write it: defaults may be left out. */
export type DefinitionInput = z.input<typeof Definition>;
