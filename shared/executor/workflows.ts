import * as z from 'zod';
import { Definition } from '../model/definition.ts';
import { WorkflowName } from '../model/ids.ts';
import { Issue } from '../model/problem.ts';
import type { VersionName } from '../model/version.ts';

/** A version of a workflow. Versions do not change; publishing the same definition after another makes a new one. */
export const WorkflowVersion = z.object({
  workflow: z.string(),
  /** 1, and one more each time. */
  version: z.int(),
  /** Names the definition itself: the same for the same definition, wherever it is published. */
  hash: z.string(),
  publishedAtMs: z.number(),
});
export type WorkflowVersion = z.infer<typeof WorkflowVersion>;

/** What publishing answers. */
export const PublishedVersion = WorkflowVersion.extend({
  /** `false`: it was the latest version already. */
  isNew: z.boolean(),
});
export type PublishedVersion = z.infer<typeof PublishedVersion>;

/** A page of versions, latest first. */
export const VersionsPage = z.object({
  versions: z.array(WorkflowVersion),
  /** Pass as `after` for the next page; absent at the end. */
  next: z.int().optional(),
});
export type VersionsPage = z.infer<typeof VersionsPage>;

/** A name for a version that can be moved to another. */
export const WorkflowAlias = z.object({
  workflow: z.string(),
  alias: z.string(),
  hash: z.string(),
  /** Absent if it was set by hash. */
  version: z.int().optional(),
  updatedAtMs: z.number(),
});
export type WorkflowAlias = z.infer<typeof WorkflowAlias>;

/** A workflow in one of its versions. */
export const WorkflowDescription = z.object({
  workflow: z.string(),
  hash: z.string(),
  /** Absent if it was asked for by hash. */
  version: z.int().optional(),
  definition: Definition,
});
export type WorkflowDescription = z.infer<typeof WorkflowDescription>;

/** A page of workflows that were ever published or started, by name. */
export const WorkflowsPage = z.object({
  workflows: z.array(z.object({ workflow: z.string(), createdAtMs: z.number() })),
  /** Pass as `after` for the next page; absent at the end. */
  next: z.string().optional(),
});
export type WorkflowsPage = z.infer<typeof WorkflowsPage>;

/** Whether a definition can run, and every reason why not. */
export const Validation = z.object({
  isValid: z.boolean(),
  /** Of a valid one. */
  hash: z.string().optional(),
  issues: z.array(Issue),
});
export type Validation = z.infer<typeof Validation>;

const limit = z.int().min(1).max(1_000).default(100);

export const WorkflowsRequest = z.strictObject({
  limit,
  /** The `next` of the page before. */
  after: WorkflowName.exactOptional(),
});
export type WorkflowsOptions = z.input<typeof WorkflowsRequest>;

export const VersionsRequest = z.strictObject({
  limit,
  /** The `next` of the page before. */
  after: z.int().min(1).exactOptional(),
});
export type VersionsOptions = z.input<typeof VersionsRequest>;

/** The workflows there are, wherever they run: published versions, and aliases for them. */
export interface Workflows {
  /**
   * Makes a definition the latest version of its workflow, to be started by name. Repeated, it changes nothing.
   * @throws {InvalidDefinitionError}
   */
  publish(definition: unknown): Promise<PublishedVersion>;
  /** Looks a definition over without keeping it. */
  validate(definition: unknown): Promise<Validation>;
  list(options?: WorkflowsOptions): Promise<WorkflowsPage>;
  /**
   * Reads one version: `latest` (the default), a number, an alias, or a hash.
   * @throws {WorkflowNotFoundError | InvalidInputError}
   */
  describe(workflow: string, version?: VersionName): Promise<WorkflowDescription>;
  /** Latest first; of one that was started and never published none. @throws {WorkflowNotFoundError | InvalidInputError} */
  versions(workflow: string, options?: VersionsOptions): Promise<VersionsPage>;
  /** By name, at most 1,000. @throws {WorkflowNotFoundError | InvalidInputError} */
  aliases(workflow: string): Promise<WorkflowAlias[]>;
  /**
   * Points an alias at a version; who starts by the alias gets that one from now on.
   * @throws {WorkflowNotFoundError | InvalidInputError}
   */
  setAlias(workflow: string, alias: string, version: VersionName): Promise<WorkflowAlias>;
}
