import type { DefinitionInput } from '../model/definition.ts';
import type { NodeHandler } from '../nodes/define-node.ts';
import type { Workflow } from '../nodes/define-workflow.ts';
import type { NodeContext } from '../nodes/node-context.ts';
import type { NodeResult } from '../nodes/node-result.ts';

/** A `defineWorkflow` workflow or a definition as JSON. */
export type AnyWorkflow = Workflow | DefinitionInput;
/** The workflow under test, or several. */
export type UnderTest = AnyWorkflow | readonly AnyWorkflow[];

/** What the compiler knows of a workflow's nodes; `unknown` of a definition as JSON. */
export type NodesOf<Tested> = Tested extends readonly (infer One)[]
  ? NodesOf<One>
  : Tested extends Workflow<unknown, unknown, infer Nodes>
    ? Nodes
    : unknown;

type IsUnknown<T> = unknown extends T ? true : false;

/** Distributes: several workflows have all their nodes. */
type IdsOf<Nodes> = Nodes extends unknown ? keyof Nodes & string : never;
type HandledIdsOf<Nodes> = Nodes extends unknown
  ? { [Id in keyof Nodes & string]: Nodes[Id] extends { readonly handler: unknown } ? Id : never }[keyof Nodes & string]
  : never;
type HandlerOf<Nodes, Id> = Nodes extends unknown
  ? Id extends keyof Nodes
    ? Nodes[Id] extends { readonly handler: infer Handler }
      ? Handler
      : never
    : never
  : never;

/** Ids of nodes, as far as they are known. */
export type NodeIdOf<Nodes> = IsUnknown<Nodes> extends true ? string : IdsOf<Nodes>;
/** Ids of nodes that have a handler. */
export type HandledIdOf<Nodes> = IsUnknown<Nodes> extends true ? string : HandledIdsOf<Nodes>;
/** Types of handlers are known to the compiler by their dots, which ids have not. */
type DottedType = `${string}.${string}`;
/** A node's id or a handler's type. */
export type NameOf<Nodes> = HandledIdOf<Nodes> | DottedType;

/** What the handler of a node receives. */
export type InputOf<Nodes, Name> =
  HandlerOf<Nodes, Name> extends NodeHandler<infer _Accepts, infer Input, infer _Output> ? Input : unknown;

/** What a stand-in knows of the attempt it makes. */
export interface TestNodeContext extends NodeContext {
  /** Waits in the executor's time. `Infinity`: until the signal aborts. Throws the signal's reason when it does. */
  sleep(ms: number): Promise<void>;
}

/** Stands in for a handler. A method, so that its input may be declared as what the handler would receive. */
export type Replacement = { execute(input: unknown, context: TestNodeContext): unknown }['execute'];

type ReplacementOf<Handler> =
  Handler extends NodeHandler<infer _Accepts, infer Input, infer Output>
    ? (input: Input, context: TestNodeContext) => Promise<Output | NodeResult<Output>> | Output | NodeResult<Output>
    : Replacement;

/** Functions in place of handlers, by the id of a node or by the type of a handler. */
export type Replacements<Nodes> =
  IsUnknown<Nodes> extends true
    ? { readonly [name: string]: Replacement }
    : { readonly [Id in HandledIdsOf<Nodes>]?: ReplacementOf<HandlerOf<Nodes, Id>> } & {
        readonly [type: DottedType]: Replacement;
      };
