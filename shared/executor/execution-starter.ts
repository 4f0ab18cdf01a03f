import { parseInput } from '../core/parse-input.ts';
import type { Plan } from '../core/plan.ts';
import { computeResultShards } from '../core/result-shards.ts';
import { ExecutionExistsError } from '../errors.ts';
import type { ExecutionConfigInput } from '../model/config.ts';
import type { HandlersPin } from '../model/handlers-pin.ts';
import { ExecutionId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import type { Pools } from '../model/pools.ts';
import type { Runners } from '../model/runners.ts';
import type { Clock } from '../ports/clock.ts';
import type { SecretStore } from '../ports/secret-store.ts';
import { firstLook } from '../scheduler/sweep.ts';
import type { Store } from '../store/store.ts';
import { beginTrace, type Caller } from '../tracing/execution-trace.ts';
import { CompiledDefinitions } from './compiled-definitions.ts';
import { assertKept } from './retention.ts';
import { assertPools, assertSecrets, assertTimeouts, namedSecrets, resolveConfig } from './start-checks.ts';
import { StartHandOff, type StartHandOffParts } from './start-hand-off.ts';
import { digestOf, StartRequest } from './start-request.ts';
import { lookUp, workflowCacheKey } from './workflow-cache.ts';
import type { WorkflowService } from './workflow-service.ts';

/** At the start and at the end: what stands in META is written with it both times. */
const META_WRITES = 2;

export interface StarterParts extends StartHandOffParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly workflows: WorkflowService;
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
  /** Over how many partitions the results of an execution are spread. Default: by how many nodes may run at once. */
  readonly resultShards?: ((plan: Plan, maxParallelNodes: number) => number | undefined) | undefined;
  /** A sweep with a `StartWatch` finds executions that last. Default false: they are in the index of what is due at once. */
  readonly watchesStarts?: boolean;
  /** Throws if what is to be started cannot run here. Default: anything can. */
  readonly checkStart?: (plan: Plan) => void;
}

/** All that comes before an execution exists: what there is to check, to look up and to write; and its first messages. */
export class ExecutionStarter {
  readonly #parts: StarterParts;
  readonly #handOff: StartHandOff;
  readonly #compiled = new CompiledDefinitions();

  constructor(parts: StarterParts) {
    this.#parts = parts;
    this.#handOff = new StartHandOff(parts);
  }

  async start(
    input: unknown,
    defaults: ExecutionConfigInput = {},
    caller: Caller = {},
  ): Promise<{ executionId: ExecutionId; isNew: boolean }> {
    const { store, clock, newId, secrets, retentionMs, resultShards = computeResultShards } = this.#parts;
    const { exportsSpans = false, watchesStarts = false, checkStart, handlersPin } = this.#parts;
    const request = parseInput(StartRequest, input, 'The start request');
    const plan = await this.#planOf(request);
    checkStart?.(plan);
    const secretGlobals = namedSecrets(request.globals);
    if (secrets !== undefined) assertSecrets([...plan.secrets, ...secretGlobals], secrets);
    const nowMs = clock.nowMs();
    const executionId = request.executionId ?? ExecutionId.parse(newId(nowMs));
    const config = resolveConfig({ ...defaults, ...request.defaults }, plan, request.config ?? {});
    if (retentionMs !== undefined) assertKept(config, retentionMs);
    const folder = `executions/${executionId}/start`;
    const requestDigest = digestOf(plan.hash, request);
    const [payload, globals] = await Promise.all([
      store.payloads.save(request.input, folder, { writes: META_WRITES }),
      request.globals === undefined ? undefined : store.payloads.save(request.globals, folder, { writes: META_WRITES }),
      request.definition === undefined ? undefined : store.definitions.publish(plan, nowMs),
    ]);
    const found = await this.#lookUp(plan, request, { executionId, timeoutMs: config.timeoutSeconds * 1000 });
    if (found?.lookup.kind === 'computing') return { executionId: found.lookup.executionId, isNew: false };
    const { created, meta } = await store.executions.create({
      executionId,
      ...(found !== undefined && { cache: found.cache }),
      ...(found?.lookup.kind === 'hit' && { cached: found.lookup }),
      workflow: plan.definition.name,
      definitionHash: plan.hash,
      config,
      ...(config.handlers === 'pinned' && { pin: handlersPin(plan) }),
      input: payload,
      globals,
      globalsHoldSecrets: secretGlobals.length > 0 ? true : undefined,
      tags: request.tags,
      searchAttributes: request.searchAttributes,
      requestDigest,
      ...(exportsSpans &&
        config.traceExecution && {
          trace: beginTrace(executionId, plan.nodes.length, caller, clock.nowMs()),
        }),
      startedAtMs: nowMs,
      dueAtMs: firstLook(nowMs + config.timeoutSeconds * 1000, nowMs, watchesStarts),
      // Its output is there already, or its nodes will run.
      ...(found?.lookup.kind !== 'hit' && { resultShards: resultShards(plan, config.maxParallelNodes) }),
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
        : (await this.#parts.workflows.resolve(workflow, version)).plan;
    const { pools, runners = {} } = this.#parts;
    if (pools !== undefined) assertPools(plan, pools);
    assertTimeouts(plan, runners);
    return plan;
  }

  async #lookUp(
    plan: Plan,
    { input, globals = {} }: StartRequest,
    claim: { executionId: ExecutionId; timeoutMs: number },
  ) {
    const { cache } = plan.definition;
    if (cache === undefined) return undefined;
    const key = workflowCacheKey(plan, this.#parts.handlersVersion(plan), input, globals);
    return {
      cache: { key, ttlSeconds: cache.ttlSeconds },
      lookup: await lookUp(this.#parts.store, this.#parts.clock, key, claim),
    };
  }
}
