import { zodIssues } from '../core/zod-issues.ts';
import { FanjoinError, InvalidInputError } from '../errors.ts';
import type { ExecutionResult } from '../executor/execution-result.ts';
import type { StartOptions } from '../executor/executor-options.ts';
import type { WorkflowContext } from '../executor/workflow-context.ts';
import { type Runnable, WorkflowExecutor } from '../executor/workflow-executor.ts';
import type { MomentAction, MomentName } from './moments.ts';
import type { InputOf, NameOf, NodeIdOf, UnderTest } from './node-types.ts';
import { Place } from './place.ts';
import type { TestCall } from './recorded-calls.ts';
import { seededRandom } from './seeded-random.ts';
import type { TestClock } from './test-clock.ts';
import type { TestExecutorOptions, TestRig } from './test-rig.ts';

/** A `WorkflowExecutor` in memory and in virtual time. Made by `createTestExecutor`. */
export class TestExecutor<Nodes = unknown> extends WorkflowExecutor {
  /** Its time. */
  readonly clock: TestClock;
  readonly #rig: TestRig;
  #hearsSettled = false;
  #isClosed = false;

  constructor(rig: TestRig, { handlers, pools, config, logLevel, seed = 1 }: TestExecutorOptions<UnderTest>) {
    super(
      {
        clock: rig.virtual,
        random: seededRandom(seed),
        // Each node starts by a decision of its own, so that a moment between two nodes is one. Results are the same.
        advance: 'stream',
        ...(handlers !== undefined && { handlers }),
        ...(pools !== undefined && { pools }),
        ...(config !== undefined && { config }),
        ...(logLevel !== undefined && { logLevel }),
      },
      (local) => rig.open(local),
    );
    this.clock = rig.time;
    this.#rig = rig;
  }

  override execute<Input, Output>(
    workflow: Runnable<Input, Output>,
    input: Input,
    options?: StartOptions | WorkflowContext,
  ): Promise<ExecutionResult<Output>> {
    // Time goes on for callbacks, too, which the execution itself does not wait for.
    return this.#rig.time.during(() => super.execute(workflow, input, options));
  }

  /**
   * The calls of handlers so far, and of what stands in for them, in the order in which they began.
   *
   * @param name a node's id, or a handler's type
   * @throws {FanjoinError} `TEST_UNKNOWN_NAME`, `TEST_NO_HANDLER`
   */
  calls<Name extends NameOf<Nodes>>(name: Name): readonly TestCall<InputOf<Nodes, Name>>[] {
    this.#rig.workflows.assertName(name, "'calls'");
    // The workflow's types say what its handlers receive; at run time their schemas have checked it.
    return this.#rig.calls.of(name) as TestCall<InputOf<Nodes, Name>>[];
  }

  /**
   * Does something once, at the first moment that fits: pauses, cancels, lets time go by. `close` reports a moment that
   * never came.
   *
   * @param place a node, or certain attempts of it
   * @param moment `starts`: the node's handler is about to be called, and waits for the action. `settled`: the result of a
   * visit is kept, and what comes after it has not started; there are no attempts or items in that
   * @throws {InvalidInputError | FanjoinError} `TEST_UNKNOWN_NAME`, `TEST_NO_HANDLER`
   * @example
   * executor.when('charge', 'starts', (handle) => handle.cancel());
   */
  when(place: NodeIdOf<Nodes> | Place<NodeIdOf<Nodes>>, moment: MomentName, action: MomentAction): void {
    const { moments, workflows, isComplete } = this.#rig;
    const parsed = Place.safeParse(typeof place === 'string' ? { node: place } : place);
    if (!parsed.success) throw new InvalidInputError("The place in 'when'", zodIssues(parsed.error));
    if (isComplete) workflows.assertMoment(parsed.data.node, moment);
    moments.add(parsed.data, moment, action);
    if (moment === 'settled') this.#hearSettled();
  }

  /**
   * Asserts that every failure has happened, and that every moment has come. `close` does so, too.
   * @throws {FanjoinError} `TEST_NEVER_HAPPENED`
   */
  assertAllHappened(): void {
    const unused = [...this.#rig.failures.unused, ...this.#rig.moments.unused];
    if (unused.length === 0) return;
    const lines = unused.map((line) => `  ${line}`);
    throw new FanjoinError(
      'TEST_NEVER_HAPPENED',
      `The test asked for what never happened: no such attempt was made, or another failure took its place.\n${lines.join('\n')}`,
      { details: { unused } },
    );
  }

  /**
   * Stops taking work. Executions that are not done are gone.
   * @throws {FanjoinError} `TEST_NEVER_HAPPENED`; or what went wrong and nobody was there to be told
   */
  override async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { time, virtual } = this.#rig;
    // What was asked for before is answered, unless it takes time: a promise may be returned out of an executor's scope.
    await virtual.quiet();
    const { failure, wasTold } = time.letGo();
    await time.during(() => super.close());
    if (failure !== undefined && !wasTold) throw failure;
    if (failure === undefined) this.assertAllHappened();
  }

  #hearSettled(): void {
    if (this.#hearsSettled) return;
    this.#hearsSettled = true;
    const { moments, work, time } = this.#rig;
    const hear = (executionId: string, node: string | undefined, visit: number | undefined): void => {
      if (node === undefined || visit === undefined) return;
      for (const action of moments.take('settled', { node, visit, item: undefined }))
        void work.during(`what is to be done when ${node} has settled`, () =>
          time.guard(() => action(this.get(executionId))),
        );
    };
    this.callbacks.addHandler({
      onNodeComplete: (node, _output, { executionId, visit }) => hear(executionId, node, visit),
      onError: (_error, { executionId, nodeId, visit }) => hear(executionId, nodeId, visit),
    });
  }
}
