import { toJson } from '../core/json.ts';
import type { Json } from '../model/json.ts';
import type { NodeResultView } from '../model/result.ts';

export interface WorkflowContextOptions {
  /** Read-only values every node can read. May hold `secret('name')`: handlers find the value there. Default none. */
  readonly globals?: Readonly<Record<string, Json>>;
}

/** What a context holds once its execution is at rest. */
export interface EndedContext {
  readonly nodeResults: Readonly<Record<string, NodeResultView>>;
  readonly loadOutput: (nodeId: string) => Promise<Json | undefined>;
}

/**
 * What the nodes of one execution share: read-only globals; and, in a result, how each of them ended. Nodes pass data to
 * each other by their outputs.
 *
 * @example
 * const context = new WorkflowContext('order-17', { globals: { region: 'eu' } });
 * const result = await executor.execute(workflow, input, context);
 * result.context.nodeResults.charge?.output;
 */
export class WorkflowContext {
  /** The execution's id. Given to a new execution, it names it: a start can then be repeated. */
  readonly id: string | undefined;
  /** A frozen copy of what was given; secrets as references. */
  readonly globals: Readonly<Record<string, Json>>;
  /**
   * How each finished node ended, by node id; in loops its last visit. Empty before the execution. Outputs of at most 8 KB
   * are among them, larger ones come by {@link WorkflowContext.output}.
   */
  readonly nodeResults: Readonly<Record<string, NodeResultView>>;
  readonly #loadOutput: EndedContext['loadOutput'];

  /** @throws {InvalidInputError} `NOT_JSON`: a global is nothing that JSON can hold */
  constructor(id?: string, { globals = {} }: WorkflowContextOptions = {}, ended?: EndedContext) {
    this.id = id;
    this.globals = frozen(
      Object.fromEntries(
        Object.entries(globals).map(([name, value]) => [name, toJson(value, `The global '${name}'`, 'write')]),
      ),
    );
    this.nodeResults = Object.freeze({ ...ended?.nodeResults });
    this.#loadOutput = ended?.loadOutput ?? (() => Promise.resolve(undefined));
  }

  /** A finished node's output, of any size; read from where executions are kept, so not after `close()`. */
  async output(nodeId: string): Promise<Json | undefined> {
    const result = Object.hasOwn(this.nodeResults, nodeId) ? this.nodeResults[nodeId] : undefined;
    return result === undefined || result.output !== undefined ? result?.output : this.#loadOutput(nodeId);
  }
}

function frozen<T extends Json>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
