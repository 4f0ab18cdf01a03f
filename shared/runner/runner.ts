import { evaluateCondition, evaluateMapping } from '../core/mapping.ts';
import { findNode } from '../core/plan.ts';
import { encodeWork } from '../core/work-list.ts';
import { assertNever, CorruptItemError } from '../errors.ts';
import type { NodeId } from '../model/ids.ts';
import type { MetaItem } from '../model/items.ts';
import type { NodeTask, TaskMessage, VisitTask } from '../model/message.ts';
import { type ErrorInfo, isTerminal } from '../model/result.ts';
import type { HandlerRegistry } from '../nodes/handler-registry.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from '../ports/clock.ts';
import { NO_SECRETS, type SecretStore } from '../ports/secret-store.ts';
import { workOf } from '../scheduler/core-events.ts';
import { type Dispatcher, poolOf } from '../scheduler/dispatcher.ts';
import { BoundedCache } from '../store/bounded-cache.ts';
import type { Store } from '../store/store.ts';
import type { Attempt, AttemptOutcome } from './attempt.ts';
import { CachedCalls } from './cached-calls.ts';
import { FLAGS_KNOWN_MS, FlagReader } from './flag-reader.ts';
import type { Continuation } from './hand-offs.ts';
import { HandlerCalls } from './handler-calls.ts';
import { MapRunner } from './map-runner.ts';
import { nodeErrors } from './node-errors.ts';
import { NodeInput, type SharedResults } from './node-input.ts';
import { type NodeStartListener, NodeStarts } from './node-starts.ts';
import { asFailure, retryDelayOf, settleFailure, settleSkip, settleSuccess } from './settle-node.ts';
import { StopSignals } from './stop-signals.ts';
import type { Visit } from './visit.ts';
import { VisitTrace } from './visit-trace.ts';
import { VisitWriter } from './visit-writer.ts';

/** A message may come so much before its time: queues and machines do not share a clock. */
const CLOCK_SLACK_MS = 1_000;
/** Results that are remembered for others: of 10 KB each at the most. */
const RESULTS_KNOWN = 1_000;

export interface RunnerParts {
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly handlers: HandlerRegistry;
  readonly logger: Logger;
  /** Where the secrets are that nodes refer to. Default: there are none. */
  readonly secrets?: SecretStore;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly onNodeStart?: NodeStartListener;
  /** Default: `attempt`. */
  readonly attempt?: Attempt;
  /**
   * Whether messages share what they read: the flags of an execution for a moment ({@link FLAGS_KNOWN_MS}), the result that
   * others wait for, too. Default false: reads cost nothing.
   */
  readonly sharesReads?: boolean;
}

export interface DeliveryInfo {
  /** How often the message was delivered, this time included. Over 1: an earlier try may have got far. */
  readonly receiveCount: number;
  /** What is left of the invocation. Default: no end. */
  readonly remainingMs?: () => number;
}

/** What is to be done on a message now. */
type Step = Omit<Continuation, 'task'> & { readonly task: TaskMessage };

/** An outcome stands; and what follows it on the same message. */
interface Stands {
  readonly next: Continuation | undefined;
}

const forEver = () => Number.POSITIVE_INFINITY;

/**
 * Runs the work that messages ask for and writes what became of it, each result once. Resolves when the message may
 * be acknowledged: whatever it causes is durable. Throws when it must come again.
 */
export class NodeRunner {
  readonly #parts: RunnerParts;
  readonly #flags: FlagReader;
  /** Ten messages of a batch mostly wait for the same node. Absent where reads cost nothing. */
  readonly #shared: SharedResults | undefined;
  readonly #signals: StopSignals;
  readonly #calls: HandlerCalls;
  readonly #cached: CachedCalls;
  readonly #writer: VisitWriter;
  readonly #maps: MapRunner;
  readonly #starts: NodeStarts;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#flags = new FlagReader(parts.store.executions, parts.clock, parts.sharesReads === true ? FLAGS_KNOWN_MS : 0);
    this.#shared = parts.sharesReads === true ? new BoundedCache({ bound: RESULTS_KNOWN }) : undefined;
    this.#signals = new StopSignals(parts.store.executions, parts.clock);
    this.#calls = new HandlerCalls({ ...parts, secrets: parts.secrets ?? NO_SECRETS });
    this.#cached = new CachedCalls({ ...parts, calls: this.#calls });
    this.#writer = new VisitWriter(parts);
    this.#starts = new NodeStarts(parts);
    this.#maps = new MapRunner({ ...parts, calls: this.#calls, writer: this.#writer, starts: this.#starts });
  }

  async run(message: TaskMessage, delivery: DeliveryInfo = { receiveCount: 1 }): Promise<void> {
    const { remainingMs = forEver } = delivery;
    let next = await this.#step({ task: message, known: [], isRepeated: delivery.receiveCount > 1 }, 0, remainingMs);
    for (let hops = 1; next !== undefined; hops++) next = await this.#step(next, hops, remainingMs);
  }

  /**
   * Settles work whose message was delivered too often: its runner crashed each time. An outcome that stands is left,
   * and followed to the first node of the message that has none.
   * @param receiveCount how often it was delivered
   */
  giveUp(message: TaskMessage, receiveCount: number): Promise<void> {
    return this.fail(message, (node) => nodeErrors.crashed(node, receiveCount));
  }

  /** Settles work that nobody can run, as {@link giveUp} does. */
  async fail(message: TaskMessage, errorOf: (node: NodeId) => ErrorInfo): Promise<void> {
    let next: Step | undefined = { task: message, known: [], isRepeated: true };
    for (let hops = 0; next !== undefined; hops++) {
      const stands: Stands | undefined = await this.#followStanding(next, hops, forEver);
      if (stands !== undefined) {
        next = stands.next;
        continue;
      }
      // What is paused may be tried again when it is resumed.
      const meta: MetaItem | undefined = await this.#admit(next.task);
      if (meta === undefined) return;
      if (next.task.kind !== 'settle')
        return this.#fail(await this.#open(meta, { ...next, task: next.task }, hops, forEver), errorOf);
      await this.#parts.store.executions.markSettleElapsed(meta);
      return;
    }
  }

  async #fail(visit: Visit, errorOf: (node: NodeId) => ErrorInfo): Promise<void> {
    const error = errorOf(visit.node.id);
    if (visit.task.kind === 'chunk') await this.#maps.failChunk({ ...visit, task: visit.task }, error);
    else await this.#writer.write(visit, await settleFailure(visit, { isSuccess: false, error }));
  }

  /** Goes by a change of META from now on, without waiting for the next look: of one that is to stop, handlers are aborted. */
  hear(meta: MetaItem): void {
    this.#flags.hear(meta);
    if (meta.stop !== undefined) this.#signals.abort(meta.executionId);
  }

  /** One node of a message, or what else it asks for. Gives the node that is to run on the same message. */
  async #step(step: Step, hops: number, remainingMs: () => number): Promise<Continuation | undefined> {
    const stands = step.isRepeated ? await this.#followStanding(step, hops, remainingMs) : undefined;
    if (stands !== undefined) return stands.next;
    const { task } = step;
    const meta = await this.#admit(task);
    if (meta === undefined) return undefined;
    const { executions, definitions } = this.#parts.store;
    if (task.kind === 'settle') {
      await executions.markSettleElapsed(meta);
      return undefined;
    }
    if (meta.stop !== undefined) {
      // Nothing new starts once it stops; the settle timer counts off what is not heard of. This is: it need not wait.
      if (hops > 0) await this.#refuse(meta, task);
      return undefined;
    }
    const nowMs = this.#parts.clock.nowMs();
    if (task.notBeforeMs !== undefined && task.notBeforeMs - nowMs > CLOCK_SLACK_MS) {
      const plan = await definitions.loadPlan(meta.workflow, meta.definitionHash);
      await this.#parts.dispatcher.sendLater(poolOf(plan, task.node), task, nowMs, task.notBeforeMs);
      return undefined;
    }
    const visit = await this.#open(meta, { ...step, task }, hops, remainingMs);
    return this.#signals.during(meta, (stop) => this.#work({ ...visit, stop }, stop));
  }

  /**
   * Goes on from what an earlier delivery got as far as; `undefined`: nothing stands. Before anything is parked or refused:
   * what has a result will not run, but what it hands off may still have to start.
   */
  async #followStanding(step: Step, hops: number, remainingMs: () => number): Promise<Stands | undefined> {
    const { task } = step;
    if (task.kind === 'settle') return undefined;
    const meta = await this.#flags.read(task.executionId);
    if (meta === undefined || isTerminal(meta.status) || meta.run !== task.run) return undefined;
    const visit = await this.#open(meta, { ...step, task }, hops, remainingMs);
    const outcome = await this.#writer.findOutcome(visit);
    if (outcome === undefined) return undefined;
    return { next: outcome === 'settled' ? undefined : await this.#writer.goOn(visit, outcome) };
  }

  /** The execution a message may act on now; `undefined`: drop it, there is nothing left to do, or it was parked. */
  async #admit(message: TaskMessage): Promise<MetaItem | undefined> {
    const { executionId, run } = message;
    for (let isNew = message.kind === 'settle'; ; isNew = true) {
      const meta = await (isNew ? this.#flags.read(executionId) : this.#flags.recall(executionId, run));
      if (meta === undefined || isTerminal(meta.status) || meta.run !== message.run) return undefined;
      if (message.kind === 'settle' || meta.stop !== undefined) return meta;
      if (meta.status !== 'PAUSED') {
        if (!isBeforePausePoint(meta, message)) return meta;
        // The scheduler pauses there: it takes the node back, and comes to the point itself.
        await this.#refuse(meta, message);
        return undefined;
      }
      const plan = await this.#parts.store.definitions.loadPlan(meta.workflow, meta.definitionHash);
      // Lost against a resume: look again.
      if (await this.#parts.store.executions.park(meta, encodeWork([workOf(plan, message)]))) return undefined;
    }
  }

  async #refuse(meta: MetaItem, task: VisitTask): Promise<void> {
    const plan = await this.#parts.store.definitions.loadPlan(meta.workflow, meta.definitionHash);
    await this.#parts.store.executions.refuse(meta, encodeWork([workOf(plan, task)]));
  }

  async #open(
    meta: MetaItem,
    { task, known }: Step & { readonly task: VisitTask },
    hops: number,
    remainingMs: () => number,
  ): Promise<Visit> {
    const { store, clock } = this.#parts;
    const plan = await store.definitions.loadPlan(meta.workflow, meta.definitionHash);
    const node = findNode(plan, task.node);
    if (node === undefined)
      throw new CorruptItemError(
        `A message of the execution '${meta.executionId}'`,
        `it names the node '${task.node}', which is not in the definition`,
      );
    const { visit, queuedAtMs } = task;
    const startedAtMs = clock.nowMs();
    return {
      meta,
      plan,
      node,
      task,
      input: new NodeInput({ store, plan, meta, node, visit, queuedAtMs, known, shared: this.#shared }),
      startedAtMs,
      trace: VisitTrace.of(meta, task, node, startedAtMs),
      hops,
      remainingMs,
    };
  }

  async #work(visit: Visit, stop: AbortSignal): Promise<Continuation | undefined> {
    const { task } = visit;
    switch (task.kind) {
      case 'node':
        return this.#runNode({ ...visit, task }, stop);
      case 'plan':
        return this.#maps.plan({ ...visit, task });
      case 'chunk':
        await this.#maps.runChunk({ ...visit, task }, stop);
        return undefined;
      case 'collect':
        return this.#maps.collect({ ...visit, task });
      default:
        return assertNever(task);
    }
  }

  async #runNode(visit: Visit<NodeTask>, stop: AbortSignal): Promise<Continuation | undefined> {
    const outcome = await this.#outcome(visit, stop).catch(asFailure);
    if (outcome === 'skipped') return this.#writer.write(visit, await settleSkip(visit));
    if (outcome.isSuccess) {
      return this.#writer.write(visit, await this.#success(visit, outcome));
    }
    const delayMs = retryDelayOf(visit, outcome, this.#parts.random);
    if (delayMs !== undefined) {
      await this.#writer.retry(visit, outcome.error, delayMs);
      return undefined;
    }
    const fallback = await this.#calls.fallback(visit, outcome, () => visit.input.input(), stop);
    if (fallback?.isSuccess)
      return this.#writer.write(visit, await settleSuccess(visit, fallback, 'fallback', outcome.error));
    return this.#writer.write(visit, await settleFailure(visit, outcome, fallback?.error));
  }

  #success(visit: Visit, outcome: AttemptOutcome & { isSuccess: true }) {
    const source = outcome.isCached === true ? 'cache' : visit.node.definition.type === 'task' ? 'handler' : 'engine';
    return settleSuccess(visit, outcome, source);
  }

  async #outcome(visit: Visit, stop: AbortSignal): Promise<AttemptOutcome | 'skipped'> {
    const { node, input } = visit;
    const { definition } = node;
    if (definition.runIf !== undefined) {
      const bindings = await input.bindings([definition.runIf]);
      if (!(await evaluateCondition(definition.runIf, await input.defaultInput(), bindings))) return 'skipped';
    }
    const value = await input.input();
    await this.#starts.node(visit, value);
    switch (definition.type) {
      case 'task':
        return this.#cached.call(visit, definition, value, stop);
      case 'choice':
        return { isSuccess: true, output: value };
      case 'transform':
        return {
          isSuccess: true,
          output: await evaluateMapping(
            definition.output,
            await input.context(),
            await input.bindings([definition.output]),
          ),
        };
      case 'map':
        throw new CorruptItemError(
          `A message of the execution '${visit.meta.executionId}'`,
          `it runs the map '${node.id}' as a single node`,
        );
    }
  }
}

/** Whoever handed the node off did not know of the point yet. What the scheduler sends has been there. */
const isBeforePausePoint = ({ pauseBefore }: MetaItem, message: VisitTask): boolean =>
  message.kind === 'node' &&
  message.isHandedOff === true &&
  message.attempt === 1 &&
  pauseBefore?.has(message.node) === true;
