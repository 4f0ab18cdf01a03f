import { compile } from '../core/compile.ts';
import { parseInput } from '../core/parse-input.ts';
import type { Plan } from '../core/plan.ts';
import { InvalidDefinitionError, WorkflowNotFoundError } from '../errors.ts';
import { WorkflowName } from '../model/ids.ts';
import type { AliasItem, PublishedItem } from '../model/items.ts';
import type { Pools } from '../model/pools.ts';
import type { Runners } from '../model/runners.ts';
import { AliasName, selectVersion, VersionName } from '../model/version.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../store/store.ts';
import type { FoundVersion } from '../store/workflow-store.ts';
import { assertPools, assertTimeouts } from './start-checks.ts';
import {
  type PublishedVersion,
  type Validation,
  type VersionsOptions,
  type VersionsPage,
  VersionsRequest,
  type WorkflowAlias,
  type WorkflowDescription,
  type Workflows,
  type WorkflowsOptions,
  type WorkflowsPage,
  WorkflowsRequest,
  type WorkflowVersion,
} from './workflows.ts';

export interface WorkflowServiceParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Named pools there are, beside `default`. Absent: not known here, so not checked. */
  readonly pools: Pools | undefined;
  /** What runs the pools' nodes. Absent: nothing that ends them. */
  readonly runners?: Runners | undefined;
}

/** What can be asked of workflows, on the store alone: the API function and the local executor both answer with it. */
export class WorkflowService implements Workflows {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #pools: Pools | undefined;
  readonly #runners: Runners;

  constructor({ store, clock, pools, runners = {} }: WorkflowServiceParts) {
    this.#store = store;
    this.#clock = clock;
    this.#pools = pools;
    this.#runners = runners;
  }

  async publish(definition: unknown): Promise<PublishedVersion> {
    const plan = this.#compile(definition);
    const nowMs = this.#clock.nowMs();
    // Before its number: what can be named can be loaded.
    await this.#store.definitions.publish(plan, nowMs);
    const { version, isNew } = await this.#store.workflows.publish(plan.definition.name, plan.hash, nowMs);
    return { ...viewVersion(version), isNew };
  }

  async validate(definition: unknown): Promise<Validation> {
    try {
      const plan = this.#compile(definition);
      return { isValid: true, hash: plan.hash, issues: [] };
    } catch (error) {
      if (error instanceof InvalidDefinitionError) return { isValid: false, issues: [...error.issues] };
      throw error;
    }
  }

  async list(options: WorkflowsOptions = {}): Promise<WorkflowsPage> {
    const { limit, after } = parseInput(WorkflowsRequest, options, 'The list request');
    const { items, next } = await this.#store.workflows.page(after, limit);
    return {
      workflows: items.map(({ sk, createdAtMs }) => ({ workflow: sk, createdAtMs })),
      ...(next !== undefined && { next }),
    };
  }

  async describe(workflow: string, version: VersionName = 'latest'): Promise<WorkflowDescription> {
    const { plan, number } = await this.resolve(workflow, version);
    const { definition, hash } = plan;
    return { workflow: definition.name, hash, ...(number !== undefined && { version: number }), definition };
  }

  async versions(workflow: string, options: VersionsOptions = {}): Promise<VersionsPage> {
    const { limit, after } = parseInput(VersionsRequest, options, 'The list request');
    const versions = await this.#store.workflows.versions(parseName(workflow), after, limit);
    if (versions.length === 0) await this.#assertKnown(parseName(workflow));
    const last = versions.length === limit ? versions.at(-1) : undefined;
    return {
      versions: versions.map(viewVersion),
      ...(last !== undefined && last.number > 1 && { next: last.number }),
    };
  }

  async aliases(workflow: string): Promise<WorkflowAlias[]> {
    const aliases = await this.#store.workflows.aliases(parseName(workflow));
    if (aliases.length === 0) await this.#assertKnown(parseName(workflow));
    return aliases.map(viewAlias);
  }

  async setAlias(workflow: string, alias: string, version: VersionName): Promise<WorkflowAlias> {
    const name = parseInput(AliasName, alias, 'The alias');
    const { plan, ...found } = await this.resolve(workflow, version);
    return viewAlias(await this.#store.workflows.setAlias(plan.definition.name, name, found, this.#clock.nowMs()));
  }

  /** The plan of one version, and which it is. @throws {WorkflowNotFoundError | InvalidInputError} */
  async resolve(workflow: string, version: VersionName): Promise<FoundVersion & { readonly plan: Plan }> {
    const name = parseName(workflow);
    const selector = selectVersion(parseInput(VersionName, version, 'The version'));
    const found = await this.#store.workflows.find(name, selector);
    const plan = found && (await this.#store.definitions.findPlan(name, found.hash));
    if (found === undefined || plan === undefined) throw new WorkflowNotFoundError(workflow, String(version));
    return { hash: found.hash, number: found.number, plan };
  }

  /** That there is nothing of it is an answer of a workflow that was published or started, and of no other. */
  async #assertKnown(workflow: WorkflowName): Promise<void> {
    if (!(await this.#store.workflows.isKnown(workflow))) throw new WorkflowNotFoundError(workflow, 'latest');
  }

  #compile(definition: unknown): Plan {
    const plan = compile(definition);
    if (this.#pools !== undefined) assertPools(plan, this.#pools);
    assertTimeouts(plan, this.#runners);
    return plan;
  }
}

const parseName = (workflow: string): WorkflowName => parseInput(WorkflowName, workflow, "The workflow's name");

const viewVersion = ({ workflow, number, hash, publishedAtMs }: PublishedItem): WorkflowVersion => ({
  workflow,
  version: number,
  hash,
  publishedAtMs,
});

const viewAlias = ({ workflow, alias, hash, number, updatedAtMs }: AliasItem): WorkflowAlias => ({
  workflow,
  alias,
  hash,
  ...(number !== undefined && { version: number }),
  updatedAtMs,
});
