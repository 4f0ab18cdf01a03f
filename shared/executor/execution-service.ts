import { parseInput } from '../core/parse-input.ts';
import { findNode, type Plan } from '../core/plan.ts';
import { computeResultShards } from '../core/result-shards.ts';
import { ExecutionExistsError, ExecutionNotFoundError, InvalidInputError, InvalidStateError } from '../errors.ts';
import type { ExecutionConfigInput } from '../model/config.ts';
import type { Definition } from '../model/definition.ts';
import type { HandlersPin } from '../model/handlers-pin.ts';
import { ExecutionId, WorkflowName } from '../model/ids.ts';
import type { MetaItem } from '../model/items.ts';
import type { Json } from '../model/json.ts';
import type { Pools } from '../model/pools.ts';
import { isTerminal } from '../model/result.ts';
import type { Runners } from '../model/runners.ts';
import {
  type BilledOperations,
  type BilledStack,
  computeBilledOperations,
  DEFAULT_STACK,
} from '../observability/billed-operations.ts';
import { EventPosition } from '../observability/event-position.ts';
import type { EventsPage, ExecutionEvent } from '../observability/execution-event.ts';
import { toMetrics, type WorkflowMetrics } from '../observability/tally.ts';
import { type Clock, sleep } from '../ports/clock.ts';
import type { SecretStore } from '../ports/secret-store.ts';
import { nextLook } from '../scheduler/sweep.ts';
import type { Snapshot, Standing } from '../store/execution-store.ts';
import { WINDOW_MS } from '../store/metrics-store.ts';
import { ResultPosition } from '../store/result-store.ts';
import type { Store } from '../store/store.ts';
import { beginTrace, type Caller } from '../tracing/execution-trace.ts';
import { type AnswerBounds, AnswerRoom } from './answer-room.ts';
import { loadBilledItems } from './billed-execution.ts';
import {
  type CheckpointDetail,
  type CheckpointView,
  checkpointIdOf,
  describeCheckpoint,
  isStillAt,
  listCheckpoints,
  loadCheckpoint,
  startFromCheckpoint,
} from './checkpoints.ts';
import { CompiledDefinitions } from './compiled-definitions.ts';
import { type ExecutionDescription, type ExecutionOutcome, Globals, type ResultsPage } from './description.ts';
import { type ExecutionReport, loadReport } from './execution-report.ts';
import type { HistoryOptions, RedriveOptions, ResultsOptions, TimeRange } from './executions.ts';
import { type ExecutionsPage, type ListOptions, listExecutions } from './listing.ts';
import { isAtRest, presentState } from './present-state.ts';
import { progressOf } from './progress.ts';
import { loadPartialResults, viewResults } from './result-views.ts';
import { assertKept, assertStillKept } from './retention.ts';
import { assertPools, assertSecrets, assertTimeouts, namedSecrets, resolveConfig } from './start-checks.ts';
import { StartHandOff, type StartHandOffParts } from './start-hand-off.ts';
import { digestOf, StartRequest } from './start-request.ts';
import { untilAtRest } from './until-at-rest.ts';
import { lookUp, workflowCacheKey } from './workflow-cache.ts';
import { WorkflowService } from './workflow-service.ts';

/** At the start and at the end: what stands in META is written with it both times. */
const META_WRITES = 2;

/** Of who waits for an outcome. */
const FIRST_POLL_MS = 100;
const LAST_POLL_MS = 500;

/** The history lags behind by a few seconds at the most. */
const TOLD_MS = 60_000;

export interface ServiceParts extends StartHandOffParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Named pools there are, beside `default`. Absent: not known here, so not checked. */
  readonly pools?: Pools;
  /** What runs the pools' nodes. Default: nothing that ends them. */
  readonly runners?: Runners;
  /** How long executions are kept after their end. Default: for good. */
  readonly retentionMs?: number | undefined;
  /** Tells which secrets there are not. Absent: not known here, so not checked. */
  readonly secrets?: Pick<SecretStore, 'missing'>;
  /** Versions of the handlers a workflow names: part of what an output may be reused for. */
  readonly handlersVersion: (plan: Plan) => Json;
  /** What executions are pinned to that ask for it. */
  readonly handlersPin: (plan: Plan) => HandlersPin;
  /** Makes time-ordered ids. */
  readonly newId: (nowMs: number) => string;
  /** Somebody exports spans: executions with `traceExecution` are traced. Default false. */
  readonly exportsSpans?: boolean;
  /** The stack it runs on, as far as it changes what an execution costs. Default: as it is deployed by default. */
  readonly billedStack?: BilledStack;
  /** How long runners go by what they read of an execution's flags. Default 0: they look before each node. */
  readonly flagsKnownMs?: number;
  /** What bounds the answers of `outcome` and `results`. Default: nothing. */
  readonly answerBounds?: AnswerBounds;
  /** Over how many partitions the results of an execution are spread. Default: by how many nodes may run at once. */
  readonly resultShards?: ((plan: Plan, maxParallelNodes: number) => number | undefined) | undefined;
  /** Throws if what is to be started cannot run here. Default: anything can. */
  readonly checkStart?: (plan: Plan) => void;
}

/**
 * What can be asked of executions, on the store alone: the API function and the local executor both answer with it.
 * Nothing here runs a node; the change feed does the rest.
 */
export class ExecutionService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #pools: Pools | undefined;
  readonly #runners: Runners;
  readonly #retentionMs: number | undefined;
  readonly #secrets: Pick<SecretStore, 'missing'> | undefined;
  readonly #handlersVersion: (plan: Plan) => Json;
  readonly #handlersPin: (plan: Plan) => HandlersPin;
  readonly #newId: (nowMs: number) => string;
  readonly #exportsSpans: boolean;
  readonly #billedStack: BilledStack;
  readonly #flagsKnownMs: number;
  readonly #checkStart: (plan: Plan) => void;
  readonly #answerBounds: AnswerBounds | undefined;
  readonly #resultShards: NonNullable<ServiceParts['resultShards']>;
  readonly #handOff: StartHandOff;
  readonly #compiled = new CompiledDefinitions();
  readonly workflows: WorkflowService;

  constructor(parts: ServiceParts) {
    const { store, clock, pools, runners = {}, secrets, handlersVersion, newId } = parts;
    this.workflows = new WorkflowService({ store, clock, pools, runners });
    this.#runners = runners;
    this.#handOff = new StartHandOff(parts);
    this.#exportsSpans = parts.exportsSpans ?? false;
    this.#billedStack = parts.billedStack ?? DEFAULT_STACK;
    this.#flagsKnownMs = parts.flagsKnownMs ?? 0;
    this.#resultShards = parts.resultShards ?? computeResultShards;
    this.#checkStart = parts.checkStart ?? (() => undefined);
    this.#answerBounds = parts.answerBounds;
    this.#retentionMs = parts.retentionMs;
    this.#handlersVersion = handlersVersion;
    this.#handlersPin = parts.handlersPin;
    this.#pools = pools;
    this.#secrets = secrets;
    this.#store = store;
    this.#clock = clock;
    this.#newId = newId;
  }

  /**
   * Starts an execution. The same request with the same `executionId` finds the one it started.
   *
   * @param defaults config of the executor; the workflow's goes before it, the request's before both
   * @param caller whose trace a traced execution becomes part of
   * @throws {InvalidInputError | InvalidDefinitionError | WorkflowNotFoundError | ExecutionExistsError}
   */
  async start(
    input: unknown,
    defaults: ExecutionConfigInput = {},
    caller: Caller = {},
  ): Promise<{ executionId: ExecutionId; isNew: boolean }> {
    const request = parseInput(StartRequest, input, 'The start request');
    const plan = await this.#planOf(request);
    this.#checkStart(plan);
    const secretGlobals = namedSecrets(request.globals);
    if (this.#secrets !== undefined) assertSecrets([...plan.secrets, ...secretGlobals], this.#secrets);
    const nowMs = this.#clock.nowMs();
    const executionId = request.executionId ?? ExecutionId.parse(this.#newId(nowMs));
    const config = resolveConfig({ ...defaults, ...request.defaults }, plan, request.config ?? {});
    if (this.#retentionMs !== undefined) assertKept(config, this.#retentionMs);
    const folder = `executions/${executionId}/start`;
    const requestDigest = digestOf(plan.hash, request);
    const [payload, globals] = await Promise.all([
      this.#store.payloads.save(request.input, folder, { writes: META_WRITES }),
      request.globals === undefined
        ? undefined
        : this.#store.payloads.save(request.globals, folder, { writes: META_WRITES }),
      request.definition === undefined ? undefined : this.#store.definitions.publish(plan, nowMs),
    ]);
    const found = await this.#lookUp(plan, request, { executionId, timeoutMs: config.timeoutSeconds * 1000 });
    if (found?.lookup.kind === 'computing') return { executionId: found.lookup.executionId, isNew: false };
    const { created, meta } = await this.#store.executions.create({
      executionId,
      ...(found !== undefined && { cache: found.cache }),
      ...(found?.lookup.kind === 'hit' && { cached: found.lookup }),
      workflow: plan.definition.name,
      definitionHash: plan.hash,
      config,
      ...(config.handlers === 'pinned' && { pin: this.#handlersPin(plan) }),
      input: payload,
      globals,
      globalsHoldSecrets: secretGlobals.length > 0 ? true : undefined,
      tags: request.tags,
      searchAttributes: request.searchAttributes,
      requestDigest,
      ...(this.#exportsSpans &&
        config.traceExecution && {
          trace: beginTrace(executionId, plan.nodes.length, caller, this.#clock.nowMs()),
        }),
      startedAtMs: nowMs,
      dueAtMs: nextLook({ deadlineAtMs: nowMs + config.timeoutSeconds * 1000 }, nowMs),
      // Its output is there already, or its nodes will run.
      ...(found?.lookup.kind !== 'hit' && { resultShards: this.#resultShards(plan, config.maxParallelNodes) }),
      ...this.#handOff.marks(plan, config),
    });
    if (!created && meta.requestDigest !== requestDigest) throw new ExecutionExistsError(executionId);
    if (created) await this.#handOff.send(plan, meta);
    return { executionId, isNew: created };
  }

  async #planOf({ definition, workflow, version = 'latest' }: StartRequest): Promise<Plan> {
    const plan =
      workflow === undefined
        ? this.#compiled.compile(definition)
        : (await this.workflows.resolve(workflow, version)).plan;
    if (this.#pools !== undefined) assertPools(plan, this.#pools);
    assertTimeouts(plan, this.#runners);
    return plan;
  }

  async #lookUp(
    plan: Plan,
    { input, globals = {} }: StartRequest,
    claim: { executionId: ExecutionId; timeoutMs: number },
  ) {
    const { cache } = plan.definition;
    if (cache === undefined) return undefined;
    const key = workflowCacheKey(plan, this.#handlersVersion(plan), input, globals);
    return {
      cache: { key, ttlSeconds: cache.ttlSeconds },
      lookup: await lookUp(this.#store, this.#clock, key, claim),
    };
  }

  /** @throws {ExecutionNotFoundError} */
  async describe(executionId: string): Promise<ExecutionDescription> {
    return this.#describe(await this.#load(executionId));
  }

  /**
   * The description with the output or, of anything but a success, what stood when it ended.
   * @param waitMs waits so long for its end, or for a pause at which nothing runs
   * @throws {ExecutionNotFoundError}
   */
  async outcome(executionId: string, { waitMs = 0 }: { waitMs?: number } = {}): Promise<ExecutionOutcome> {
    if (waitMs > 0) {
      const polls = { clock: this.#clock, waitMs, firstPollMs: FIRST_POLL_MS, lastPollMs: LAST_POLL_MS };
      await untilAtRest(() => this.describe(executionId), polls);
    }
    const snapshot = await this.#load(executionId);
    const description = await this.#describe(snapshot);
    const { meta } = snapshot;
    const room = this.#roomBeside(JSON.stringify(description));
    const globals = meta.globals && (await room.placeAnyway(meta.globals));
    const common = {
      description,
      ...(globals !== undefined &&
        ('link' in globals ? { globalsAt: globals.link } : { globals: Globals.parse(globals.value) })),
    };
    if (meta.status !== 'SUCCEEDED') return { ...common, ...(await loadPartialResults(this.#store, snapshot, room)) };
    if (meta.output === undefined) return { ...common, output: null };
    const output = await room.placeAnyway(meta.output);
    return { ...common, ...('link' in output ? { outputAt: output.link } : { output: output.value }) };
  }

  /** What an answer has left for values beside what it holds anyway. */
  #roomBeside(json: string): AnswerRoom {
    const room = new AnswerRoom(this.#store.payloads, this.#answerBounds);
    room.takes(() => json);
    return room;
  }

  /** @throws {ExecutionNotFoundError} */
  async results(
    executionId: string,
    { after, limit = 1_000, withOutputs = false }: ResultsOptions = {},
  ): Promise<ResultsPage> {
    if (after !== undefined) parseInput(ResultPosition, after, "The results' after");
    const { meta } = await this.#load(executionId);
    const page = await this.#store.results.pageOfResults(meta, after, limit);
    const room = this.#roomBeside('');
    const results = await viewResults(room, meta, page.results, withOutputs);
    // It ends before what it has no room for, which begins the next one.
    const { next } =
      results.length === 0 || results.length === page.results.length
        ? page
        : await this.#store.results.pageOfResults(meta, after, results.length);
    return { results, ...(next !== undefined && { next }) };
  }

  /** What happened, in order. @throws {ExecutionNotFoundError | InvalidInputError} */
  async history(executionId: string, { after, limit = 100 }: HistoryOptions = {}): Promise<EventsPage> {
    if (after !== undefined && !EventPosition.safeParse(after).success) {
      const message = "is no place in a history: pass the 'next' of a page, or the 'position' of an event";
      throw new InvalidInputError('The history request', [{ path: 'after', code: 'INVALID_POSITION', message }]);
    }
    const { meta } = await this.#load(executionId);
    const page = await this.#store.events.page(meta, after, limit, this.#clock.nowMs());
    return { ...page, isOver: page.next === undefined && isToldInFull(meta, page.events, this.#clock.nowMs()) };
  }

  /** Executions, latest start first. @throws {InvalidInputError} */
  list(options: ListOptions = {}): Promise<ExecutionsPage> {
    return listExecutions(this.#store, options);
  }

  /** What is counted of a workflow's executions that ended in the minutes of the range; of an unknown one, nothing. */
  async metrics(
    workflow: string,
    { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER }: TimeRange = {},
  ): Promise<WorkflowMetrics> {
    parseInput(WorkflowName, workflow, "The workflow's name");
    const startMs = Math.floor(Math.max(0, fromMs) / WINDOW_MS) * WINDOW_MS;
    return toMetrics(workflow, await this.#store.metrics.sum(workflow, startMs, toMs));
  }

  /** All that its result is made of. @throws {ExecutionNotFoundError} */
  async report(executionId: string): Promise<ExecutionReport> {
    const terms = { stack: this.#billedStack, nowMs: this.#clock.nowMs() };
    return loadReport(this.#store, await this.#load(executionId), terms);
  }

  /** Whether it has ended, or is paused and nothing of it runs. @throws {ExecutionNotFoundError} */
  async isAtRest(executionId: string): Promise<boolean> {
    const snapshot = await this.#load(executionId);
    return isAtRest(
      await this.#store.definitions.loadPlan(snapshot.meta.workflow, snapshot.meta.definitionHash),
      snapshot,
    );
  }

  /** What the execution was billed for so far. @throws {ExecutionNotFoundError} */
  async billedOperations(executionId: string): Promise<BilledOperations> {
    const snapshot = await this.#load(executionId);
    const plan = await this.#store.definitions.loadPlan(snapshot.meta.workflow, snapshot.meta.definitionHash);
    const items = await loadBilledItems(this.#store, plan, snapshot);
    return computeBilledOperations({ plan, items, stack: this.#billedStack, nowMs: this.#clock.nowMs() });
  }

  /** The workflow as the execution runs it. @throws {ExecutionNotFoundError} */
  async definition(executionId: string): Promise<Definition> {
    const { meta } = await this.#load(executionId);
    return (await this.#store.definitions.loadPlan(meta.workflow, meta.definitionHash)).definition;
  }

  /** Asks an open execution to stop; once it is answered, nothing of it starts. @throws {ExecutionNotFoundError | InvalidStateError} it has ended, or is stopping */
  async cancel(executionId: string): Promise<void> {
    await this.#change(executionId, 'cancel', (meta) =>
      this.#store.executions.requestStop(meta, 'CANCELLED', this.#clock.nowMs()),
    );
    await this.#untilHeard();
  }

  /**
   * Lets running nodes finish; once it is answered, no new ones start.
   *
   * @param before pause only when this node would start; if it has started, this changes nothing
   * @throws {ExecutionNotFoundError | InvalidStateError | InvalidInputError} it is not running; there is no such node
   */
  async pause(executionId: string, { before }: { before?: string } = {}): Promise<void> {
    if (before === undefined) {
      await this.#change(executionId, 'pause', (meta) => this.#store.executions.pause(meta, this.#clock.nowMs()));
      return this.#untilHeard();
    }
    const { meta } = await this.#load(executionId);
    const plan = await this.#store.definitions.loadPlan(meta.workflow, meta.definitionHash);
    const node = findNode(plan, before);
    if (node === undefined) {
      const message = `names a node that does not exist: '${before}'`;
      throw new InvalidInputError('The pause', [{ path: 'before', code: 'UNKNOWN_NODE', message }]);
    }
    await this.#change(executionId, 'pause', (now) => this.#store.executions.pauseBefore(now, node.id));
    await this.#untilHeard();
  }

  /** Goes on after a pause. @throws {ExecutionNotFoundError | InvalidStateError} it is not paused */
  async resume(executionId: string): Promise<void> {
    await this.#change(executionId, 'resume', (meta) => this.#store.executions.resume(meta, this.#clock.nowMs()));
  }

  /** Oldest first. @throws {ExecutionNotFoundError} */
  async checkpoints(executionId: string): Promise<CheckpointView[]> {
    return listCheckpoints(this.#store, await this.#load(executionId));
  }

  /** What had ended at a checkpoint, what was under way, and what resuming it would do. @throws {CheckpointNotFoundError} */
  async checkpoint(checkpointId: string): Promise<CheckpointDetail> {
    const checkpoint = await loadCheckpoint(this.#store, checkpointId);
    const snapshot = await this.#load(checkpoint.executionId);
    const { workflow, definitionHash } = snapshot.meta;
    return describeCheckpoint(await this.#store.definitions.loadPlan(workflow, definitionHash), checkpoint, snapshot);
  }

  /**
   * Goes on from a checkpoint: the execution itself if it is still paused there, else a new one from that cut.
   *
   * @param newId the id of the new one, should there be one
   * @throws {CheckpointNotFoundError}
   */
  async resumeCheckpoint(
    checkpointId: string,
    newId: ExecutionId,
  ): Promise<{ executionId: ExecutionId; isNew: boolean }> {
    const checkpoint = await loadCheckpoint(this.#store, checkpointId);
    const snapshot = await this.#load(checkpoint.executionId);
    const { meta } = snapshot;
    if (
      isStillAt(checkpoint, snapshot) &&
      (await this.#store.executions.resume(meta, this.#clock.nowMs())) !== undefined
    ) {
      return { executionId: meta.executionId, isNew: false };
    }
    await startFromCheckpoint(this.#store, meta, checkpoint, newId, this.#clock.nowMs());
    return { executionId: newId, isNew: true };
  }

  /**
   * Goes on from what failed, keeping every standing result.
   *
   * @param handlers `latest`: one that was pinned goes on by the handlers there are now, and is pinned no more
   * @throws {ExecutionNotFoundError | InvalidStateError} it is open, or succeeded
   */
  async redrive(executionId: string, { handlers }: RedriveOptions = {}): Promise<void> {
    await this.#change(executionId, 'redrive', (meta) => {
      const nowMs = this.#clock.nowMs();
      const deadlineAtMs = nowMs + meta.config.timeoutSeconds * 1000;
      if (this.#retentionMs !== undefined) assertStillKept(meta, deadlineAtMs, this.#retentionMs);
      const dueAtMs = nextLook({ deadlineAtMs }, nowMs);
      return this.#store.executions.redrive(meta, nowMs, dueAtMs, { isUnpinned: handlers === 'latest' });
    });
  }

  /** Runners that read a flag before it was changed go by it no longer. */
  async #untilHeard(): Promise<void> {
    if (this.#flagsKnownMs > 0) await sleep(this.#clock, this.#flagsKnownMs);
  }

  async #change(
    executionId: string,
    action: string,
    change: (meta: MetaItem) => Promise<MetaItem | undefined>,
  ): Promise<void> {
    const { meta } = await this.#load(executionId);
    if ((await change(meta)) !== undefined) return;
    const now = await this.#store.executions.loadMeta(meta.executionId);
    throw new InvalidStateError(
      executionId,
      now?.stop !== undefined && !isTerminal(now.status) ? 'stopping' : (now?.status ?? 'gone'),
      action,
    );
  }

  async #load(executionId: string): Promise<Standing> {
    const id = ExecutionId.safeParse(executionId);
    const snapshot = id.success ? await this.#store.executions.loadSnapshot(id.data) : undefined;
    if (snapshot === undefined) throw new ExecutionNotFoundError(executionId);
    return snapshot;
  }

  async #describe(snapshot: Snapshot): Promise<ExecutionDescription> {
    const { meta, state } = snapshot;
    const plan = await this.#store.definitions.loadPlan(meta.workflow, meta.definitionHash);
    const present = await presentState(this.#store, plan, snapshot);
    return {
      executionId: meta.executionId,
      workflow: meta.workflow,
      definitionHash: meta.definitionHash,
      status: meta.status,
      isStopping: meta.stop !== undefined && !isTerminal(meta.status),
      isAtRest: isAtRest(plan, snapshot),
      run: meta.run,
      startedAtMs: meta.startedAtMs,
      deadlineAtMs: meta.deadlineAtMs,
      endedAtMs: meta.endedAtMs,
      config: meta.config,
      tags: meta.tags,
      searchAttributes: meta.searchAttributes,
      progress: progressOf(plan, present, isTerminal(meta.status)),
      error: meta.error,
      failedNode: meta.failedNode,
      origin: meta.origin,
      cachedFrom: meta.cachedFrom,
      traceId: meta.trace?.traceId,
      handlersVersion: meta.pin?.version,
      ...(state?.state.checkpointRevision !== undefined && {
        checkpointId: checkpointIdOf(meta.executionId, state.state.checkpointRevision),
      }),
    };
  }
}

/** Its end is told, or so old that it would have been. */
function isToldInFull(
  { status, run, endedAtMs = 0 }: MetaItem,
  events: readonly ExecutionEvent[],
  nowMs: number,
): boolean {
  if (!isTerminal(status)) return false;
  return events.some((event) => event.type === 'ExecutionEnded' && event.run === run) || nowMs - endedAtMs > TOLD_MS;
}
