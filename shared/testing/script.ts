import { requiredHandlers } from '../core/plan.ts';
import { FanjoinError } from '../errors.ts';
import type { ExecutionHandle } from '../executor/execution-handle.ts';
import type { Definition } from '../model/definition.ts';
import type { NodeId } from '../model/ids.ts';
import { type AnyHandler, defineNode } from '../nodes/define-node.ts';
import type { HandlerRegistry } from '../nodes/handler-registry.ts';
import type { NodeContext } from '../nodes/node-context.ts';
import { type Attempt, type AttemptOptions, type AttemptOutcome, attempt } from '../runner/attempt.ts';
import type { Failures } from './failures.ts';
import type { HandlerWork } from './handler-work.ts';
import type { KnownWorkflows } from './known-workflows.ts';
import type { Moments } from './moments.ts';
import type { Replacement } from './node-types.ts';
import type { AttemptPlace } from './place.ts';
import type { RecordedCalls } from './recorded-calls.ts';
import type { TimeDriver } from './test-clock.ts';

/** What a crashed runner's work is thrown away with; the log does not tell of it. */
export const CRASH = 'The runner crashed, as the test asked';

interface ScriptParts {
  readonly replace: ReadonlyMap<string, Replacement>;
  readonly failures: Failures;
  readonly moments: Moments;
  readonly calls: RecordedCalls;
  readonly workflows: KnownWorkflows;
  readonly work: HandlerWork;
  readonly time: TimeDriver;
  /** Whether `workflows` are all there will be: names that are in none of them are mistakes. */
  readonly isComplete: boolean;
  readonly definitionOf: (executionId: string) => Promise<Definition>;
  readonly handleOf: (executionId: string) => ExecutionHandle;
}

/** One attempt of a node, and what the test wants of it. */
interface Scene {
  readonly options: AttemptOptions;
  readonly at: AttemptPlace;
  readonly isFallback: boolean;
  readonly replacement: Replacement | undefined;
}

/** Stands between the engine and the handlers: what a test replaces, lets fail and looks at happens here. */
export class Script {
  readonly #parts: ScriptParts;
  readonly #definitions = new Map<string, Promise<Definition>>();

  constructor(parts: ScriptParts) {
    this.#parts = parts;
  }

  /** @throws {FanjoinError} `TEST_UNKNOWN_NAME`, `TEST_NO_HANDLER`: a name the test uses means nothing */
  check(): void {
    const { replace, failures, moments, workflows } = this.#parts;
    for (const name of replace.keys()) workflows.assertName(name, `'replace'`);
    for (const node of failures.nodes) workflows.assertHandled(node, `'failures'`);
    for (const { node, name } of moments.places) workflows.assertMoment(node, name);
  }

  /**
   * Before a workflow is started: its names are known now, and what is replaced need not be registered.
   * @throws {InvalidDefinitionError | FanjoinError} as `check` does
   */
  prepare(definition: unknown, handlers: HandlerRegistry): void {
    const { workflows, replace, isComplete } = this.#parts;
    const plan = workflows.add(definition);
    if (!isComplete) this.check();
    const missing = requiredHandlers(plan).filter(({ handler }) => handlers.find(handler) === undefined);
    for (const [type, users] of Map.groupBy(missing, ({ handler }) => handler)) {
      const isReplaced = ({ node }: { node: NodeId }) => replace.has(node) && !isFallback(plan.definition, node, type);
      if (replace.has(type) || users.every(isReplaced)) handlers.register(placeholder(type));
    }
  }

  /** Calls a handler once, as the test wants it. */
  readonly attempt: Attempt = async (options) => {
    const { executionId, nodeId, visit, attempt, itemIndex } = options.context;
    const what = `${nodeId} (${options.handler.type}, visit ${visit}, attempt ${attempt}, of ${executionId})`;
    return this.#parts.work.during(what, async () => {
      const definition = await this.#definition(executionId);
      const scene = {
        options,
        at: { node: nodeId, attempt, visit, item: itemIndex },
        isFallback: isFallback(definition, nodeId, options.handler.type),
        replacement: this.#replacementOf(definition, nodeId, options.handler.type),
      };
      return this.#play(scene);
    });
  };

  async #play(scene: Scene): Promise<AttemptOutcome> {
    const { failures, moments, time, handleOf } = this.#parts;
    const { options, at, isFallback, replacement } = scene;
    if (!isFallback) {
      for (const action of moments.take('starts', at))
        await time.guard(() => action(handleOf(options.context.executionId)));
      const crash = failures.take(at, true);
      if (crash?.delayMs !== undefined) await time.sleep(crash.delayMs, options.stop);
      if (crash !== undefined) throw new Error(CRASH);
    }
    let crashesAfter = false;
    let hasAnswered = false;
    let ended: (outcome: AttemptOutcome | 'crashed') => void = () => undefined;
    const execute = async (input: unknown, context: NodeContext): Promise<unknown> => {
      const failure = isFallback ? undefined : failures.take(at, false);
      crashesAfter = failure?.crash === 'after';
      ended = this.#parts.calls.add({
        handler: options.handler,
        isFallback,
        input,
        context,
        isInjected: failure !== undefined,
      });
      if (failure?.delayMs !== undefined) await time.sleep(failure.delayMs, context.signal);
      if (failure?.timeout === true) await time.sleep(Number.POSITIVE_INFINITY, context.signal);
      if (failure?.error !== undefined) throw failure.error;
      if (replacement === undefined) return options.handler.execute(input, context);
      const answer = await replacement(input, { ...context, sleep: (ms) => time.sleep(ms, context.signal) });
      hasAnswered = true;
      return answer;
    };
    const { type, version, input, output } = options.handler;
    const outcome = await attempt({ ...options, handler: { type, version, input, output, execute } });
    ended(crashesAfter ? 'crashed' : outcome);
    if (crashesAfter) throw new Error(CRASH);
    if (hasAnswered && !outcome.isSuccess) this.#assertPossible(scene, outcome.error);
    return outcome;
  }

  /** What the real handler's schema refuses, it could not have given: the stand-in is wrong, whatever the workflow makes of it. */
  #assertPossible({ at, options }: Scene, { code, message }: { code?: string | undefined; message: string }): void {
    if (code !== 'INVALID_NODE_OUTPUT' && code !== 'NOT_JSON') return;
    this.#parts.time.fail(
      new FanjoinError(
        'TEST_IMPOSSIBLE_OUTPUT',
        `The replacement at '${at.node}' gave what the handler '${options.handler.type}' could not have given. ${message}`,
        { details: { ...at, handler: options.handler.type } },
      ),
    );
  }

  /** A node's id goes before a handler's type, and means the node's own handler alone. */
  #replacementOf(definition: Definition, nodeId: NodeId, type: string): Replacement | undefined {
    const { replace } = this.#parts;
    if (!isFallback(definition, nodeId, type) && replace.has(nodeId)) return replace.get(nodeId);
    return isNode(definition, type) ? undefined : replace.get(type);
  }

  #definition(executionId: string): Promise<Definition> {
    const known = this.#definitions.get(executionId) ?? this.#parts.definitionOf(executionId);
    this.#definitions.set(executionId, known);
    return known;
  }
}

const isNode = ({ nodes }: Definition, name: string): boolean => Object.hasOwn(nodes, name);

function isFallback({ nodes }: Definition, nodeId: NodeId, type: string): boolean {
  const node = nodes[nodeId];
  return node !== undefined && 'handler' in node && node.handler !== type;
}

/** For a handler that nobody has, where all that would call it is replaced. */
const placeholder = (type: string): AnyHandler =>
  defineNode({
    type,
    execute: () => {
      throw new FanjoinError('UNREGISTERED_HANDLER', `The handler '${type}' is not registered`);
    },
  });
