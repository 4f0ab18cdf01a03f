import type { z } from 'zod';
import type { ExecutionConfigInput, RetryPolicy } from '../model/config.ts';
import type { CachePolicy, CatchClause, END_TARGET, Strategy, TriggerRule } from '../model/definition.ts';
import type { Json } from '../model/json.ts';
import type { AnyHandler, NodeHandler } from './define-node.ts';

interface CommonSpec {
  readonly description?: string;
  readonly dependsOn?: readonly string[];
  readonly triggerRule?: TriggerRule;
  readonly runIf?: string;
  readonly input?: Json;
  readonly choices?: readonly { readonly when: string; readonly next: string }[];
  readonly next?: string;
  readonly mayRouteTo?: readonly string[];
}

interface HandledSpec extends CommonSpec {
  readonly handler: AnyHandler;
  readonly timeoutSeconds?: number;
  readonly retry?: z.input<typeof RetryPolicy>;
  readonly fallback?: { readonly handler: AnyHandler };
  readonly catch?: readonly CatchClause[];
  readonly pool?: string;
}

interface TaskSpec extends HandledSpec {
  readonly type?: 'task';
  readonly cache?: z.input<typeof CachePolicy>;
}

interface MapSpec extends HandledSpec {
  readonly type: 'map';
  readonly items?: string;
  readonly itemInput?: Json;
  readonly chunkSize?: number;
  readonly maxConcurrency?: number;
  readonly toleratedFailureCount?: number;
  readonly toleratedFailurePercentage?: number;
}

interface TransformSpec extends CommonSpec {
  readonly type: 'transform';
  readonly output: Json;
}

interface ChoiceSpec extends CommonSpec {
  readonly type: 'choice';
}

/** A node as `defineWorkflow` takes it: as in a definition, with handlers themselves in place of their names. */
export type NodeSpec = TaskSpec | MapSpec | TransformSpec | ChoiceSpec;
export type NodeSpecs = Readonly<Record<string, NodeSpec>>;

/** What nodes downstream of a node receive. Of transforms and choices the compiler knows nothing. */
type OutputOf<Node> = Node extends { readonly type: 'transform' | 'choice' }
  ? unknown
  : Node extends { readonly catch: unknown }
    ? unknown
    : Node extends { readonly type: 'map'; readonly handler: NodeHandler<infer _A, infer _I, infer Output> }
      ? Output[]
      : Node extends { readonly handler: NodeHandler<infer _A, infer _I, infer Output> }
        ? Output
        : unknown;

type Get<Nodes, Id> = Id extends keyof Nodes ? OutputOf<Nodes[Id]> : unknown;

/** A parent that failed or was skipped gives null, where the rule lets the node run then. */
type Given<Node, Value> = Node extends { readonly triggerRule: Exclude<TriggerRule, 'all_success'> }
  ? Value | null
  : Value;

/** What a node receives by its strategy's rule; `unknown` where the compiler cannot tell. */
type Received<Nodes, Node, WorkflowInput, S extends Strategy> = S extends 'conditional'
  ? WorkflowInput
  : S extends 'sequential'
    ? unknown
    : Node extends { readonly dependsOn: readonly [infer Only] }
      ? Given<Node, Get<Nodes, Only>>
      : Node extends { readonly dependsOn: readonly [infer First, ...infer Rest] }
        ? { [Id in (First | Rest[number]) & string]: Given<Node, Get<Nodes, Id>> }
        : Node extends { readonly dependsOn: readonly [] }
          ? WorkflowInput
          : Node extends { readonly dependsOn: readonly string[] }
            ? unknown
            : WorkflowInput;

type IsUnknown<T> = unknown extends T ? true : false;

/** The error the compiler shows at a handler whose input does not fit. */
export interface InputDoesNotFit<Wanted, Received> {
  readonly problem: 'this node does not receive what its handler accepts; map it with `input`';
  readonly wanted: Wanted;
  readonly received: Received;
}

type Fits<Handler, Value> =
  IsUnknown<Value> extends true
    ? Handler
    : Handler extends NodeHandler<infer Accepts, infer _I, infer _O>
      ? [Value] extends [Accepts]
        ? Handler
        : InputDoesNotFit<Accepts, Value>
      : Handler;

/** `items` and `itemInput` are expressions; a map without them hands on the elements of what it receives. */
type ElementOf<Value> =
  IsUnknown<Value> extends true ? unknown : Value extends readonly (infer Element)[] ? Element : Value;

type CheckedHandler<Nodes, Node, WorkflowInput, S extends Strategy> = Node extends { readonly handler: infer Handler }
  ? Node extends { readonly input: unknown } | { readonly items: unknown } | { readonly itemInput: unknown }
    ? Handler
    : Node extends { readonly type: 'map' }
      ? Fits<Handler, ElementOf<Received<Nodes, Node, WorkflowInput, S>>>
      : Fits<Handler, Received<Nodes, Node, WorkflowInput, S>>
  : never;

type OtherIds<Nodes, Id> = Exclude<keyof Nodes & string, Id>;
type TargetId<Nodes> = (keyof Nodes & string) | typeof END_TARGET;

/** What each node must be, given all of them: ids that exist, inputs that fit. */
export type CheckedNodes<Nodes, WorkflowInput, S extends Strategy> = {
  readonly [Id in keyof Nodes]: {
    readonly dependsOn?: readonly OtherIds<Nodes, Id>[];
    readonly next?: TargetId<Nodes>;
    readonly choices?: readonly { readonly when: string; readonly next: TargetId<Nodes> }[];
    readonly mayRouteTo?: readonly TargetId<Nodes>[];
    readonly handler?: CheckedHandler<Nodes, Nodes[Id], WorkflowInput, S>;
  };
};

type ParentIds<Nodes> = {
  [Id in keyof Nodes]: Nodes[Id] extends { readonly dependsOn: readonly (infer Parent)[] } ? Parent : never;
}[keyof Nodes];
type SinkIds<Nodes> = Exclude<keyof Nodes, ParentIds<Nodes>>;
type IsUnion<T, Whole = T> = T extends unknown ? ([Whole] extends [T] ? false : true) : never;

/** What an execution of the workflow gives. */
export type WorkflowOutput<Nodes, S extends Strategy> = S extends 'parallel'
  ? IsUnion<SinkIds<Nodes>> extends false
    ? OutputOf<Nodes[SinkIds<Nodes>]>
    : { [Id in SinkIds<Nodes>]: OutputOf<Nodes[Id]> }
  : S extends 'conditional'
    ? { [Id in keyof Nodes]?: OutputOf<Nodes[Id]> }
    : unknown;

/** All of a workflow but its nodes. */
export interface WorkflowSpec<Nodes, Schema, S> {
  readonly name: string;
  readonly description?: string;
  /** Default `parallel`. */
  readonly strategy?: S;
  /** Checked when an execution starts; its type is what nodes without dependencies receive. */
  readonly input?: Schema;
  /** `conditional` only. Default: the first node. */
  readonly start?: keyof Nodes & string;
  readonly maxVisits?: number;
  readonly config?: ExecutionConfigInput;
  /** Reuses the output of an execution of the same definition, handlers, input and globals. Default: not. */
  readonly cache?: z.input<typeof CachePolicy>;
}
