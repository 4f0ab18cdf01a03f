import * as z from 'zod';
import { zodIssues } from '../core/zod-issues.ts';
import { InvalidInputError } from '../errors.ts';
import { ExecutionHandle } from '../executor/execution-handle.ts';
import type { Executions } from '../executor/executions.ts';
import type { WorkflowExecutorOptions } from '../executor/executor-options.ts';
import type { LocalEngine } from '../executor/local-engine.ts';
import type { LocalEngineOptions } from '../executor/local-engine-options.ts';
import type { HandlerRegistry } from '../nodes/handler-registry.ts';
import { Logger } from '../observability/logger.ts';
import { driven, ScriptedEngine } from './driven-engine.ts';
import { type Failure, Failures } from './failures.ts';
import { HandlerWork } from './handler-work.ts';
import { KnownWorkflows } from './known-workflows.ts';
import { Moments } from './moments.ts';
import type { HandledIdOf, NodesOf, Replacement, Replacements, UnderTest } from './node-types.ts';
import { RecordedCalls } from './recorded-calls.ts';
import { CRASH, Script } from './script.ts';
import { TimeDriver } from './test-clock.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface TestExecutorOptions<Tested extends UnderTest>
  extends Pick<WorkflowExecutorOptions, 'handlers' | 'pools' | 'config' | 'logLevel'> {
  /**
   * What is tested. With it the compiler knows names and inputs in the rest, where it is a `defineWorkflow` workflow, and a
   * wrong name is an error when the executor is made. Without it, when a workflow is started that has no such node.
   */
  readonly workflow?: Tested;
  /**
   * Functions in place of handlers, by the id of a node or by the type of a handler. An id goes before a type, and leaves
   * the node's fallback alone. They get what the handler would, and what they give must fit the handler's schema.
   */
  readonly replace?: Replacements<NodesOf<Tested>>;
  /** What goes wrong. Of those that fit an attempt, the first. Each must happen: `close` reports those that did not. */
  readonly failures?: readonly Failure<HandledIdOf<NodesOf<Tested>>>[];
  /** The time at the beginning. Default 2030-01-01T00:00:00Z. */
  readonly startAt?: Date | string;
  /** Determines jitter. Default 1. */
  readonly seed?: number;
  /** Handlers may be at work for so long in real time, with nothing else happening, before the test fails. Default 3,000. */
  readonly patienceMs?: number;
}

const START = '2030-01-01T00:00:00Z';
const PATIENCE_MS = 3_000;

/** What a test executor consists of beside the engine. */
export class TestRig {
  readonly virtual: VirtualClock;
  readonly time: TimeDriver;
  readonly work = new HandlerWork();
  readonly workflows = new KnownWorkflows(() => this.#handlers?.types() ?? []);
  readonly moments = new Moments();
  readonly failures: Failures;
  readonly calls: RecordedCalls;
  readonly replace: ReadonlyMap<string, Replacement>;
  /** Whether the workflows known at the beginning are all there will be. */
  readonly isComplete: boolean;
  readonly #logger: Logger;
  #engine: LocalEngine | undefined;
  #handlers: HandlerRegistry | undefined;
  #lastId = 0;

  /** @throws {InvalidInputError | InvalidDefinitionError} */
  constructor(options: TestExecutorOptions<UnderTest>) {
    const { workflow, replace = {}, failures = [], startAt = START, patienceMs = PATIENCE_MS } = options;
    const workflows = workflow === undefined ? [] : [workflow].flat();
    for (const tested of workflows) this.workflows.add('definition' in tested ? tested.definition : tested);
    this.isComplete = workflow !== undefined;
    this.replace = replacementsOf(replace);
    this.failures = new Failures(failures);
    this.virtual = new VirtualClock(timeOf(startAt));
    this.calls = new RecordedCalls(this.virtual);
    this.#logger = new Logger({ level: options.logLevel ?? 'warn', write: writeUnlessCrash });
    this.time = new TimeDriver({
      virtual: this.virtual,
      work: this.work,
      patienceMs,
      nextDeadlineMs: async () => this.#engine?.nextDeadlineMs(),
    });
  }

  /**
   * Opens the engine: with ids in a row, handlers called as the test wants, and time that goes on while anything of it is
   * waited for.
   * @throws {FanjoinError} `TEST_UNKNOWN_NAME`, `TEST_NO_HANDLER`
   */
  open(local: LocalEngineOptions): Executions {
    const script = new Script({
      ...this,
      definitionOf: (executionId) => engine.definition(executionId),
      handleOf: (executionId) => new ExecutionHandle(executions, executionId, this.virtual),
    });
    const newId = () => `execution-${++this.#lastId}`;
    const engine = new ScriptedEngine({ ...local, logger: this.#logger, newId }, script);
    const executions = driven(engine, this.time);
    this.#engine = engine;
    this.#handlers = local.handlers;
    if (this.isComplete) script.check();
    return executions;
  }
}

function replacementsOf(replace: object): ReadonlyMap<string, Replacement> {
  const parsed = z.record(z.string(), ReplacementFunction).safeParse(replace);
  if (!parsed.success) throw new InvalidInputError('The list of replacements', zodIssues(parsed.error));
  return new Map(Object.entries(parsed.data));
}

const ReplacementFunction = z.custom<Replacement>((value) => typeof value === 'function', {
  error: 'is no function: give (input, context) => output',
});

function timeOf(startAt: Date | string): number {
  const ms = new Date(startAt).getTime();
  if (Number.isNaN(ms)) {
    const message = `is no time: ${String(startAt)}`;
    throw new InvalidInputError("The executor's time", [{ path: 'startAt', code: 'INVALID_TIME', message }]);
  }
  return ms;
}

/** A crash that a test asked for is no news. */
function writeUnlessCrash(line: string): void {
  if (!line.includes(CRASH)) process.stderr.write(`${line}\n`);
}
