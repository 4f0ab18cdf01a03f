import { ROUTES } from '../api/routes.ts';
import { compile } from '../core/compile.ts';
import { toJson } from '../core/json.ts';
import type { VersionName } from '../model/version.ts';
import type { ApiClient } from './api-client.ts';
import type {
  PublishedVersion,
  Validation,
  VersionsOptions,
  VersionsPage,
  WorkflowAlias,
  WorkflowDescription,
  Workflows,
  WorkflowsOptions,
  WorkflowsPage,
} from './workflows.ts';

/** Workflows behind the HTTP API of a stack, deployed or local. */
export class HttpWorkflows implements Workflows {
  readonly #api: ApiClient;

  constructor(api: ApiClient) {
    this.#api = api;
  }

  async publish(source: unknown): Promise<PublishedVersion> {
    const { definition } = compile(source);
    return this.#api.call(ROUTES.publishWorkflow, { body: { definition } });
  }

  async validate(source: unknown): Promise<Validation> {
    const definition = toJson(source, 'The definition');
    return this.#api.call(ROUTES.validateWorkflow, { body: { definition } });
  }

  list(options: WorkflowsOptions = {}): Promise<WorkflowsPage> {
    return this.#api.call(ROUTES.listWorkflows, { query: options });
  }

  describe(workflow: string, version?: VersionName): Promise<WorkflowDescription> {
    return this.#api.call(ROUTES.getWorkflow, { params: { workflow }, query: { version } });
  }

  versions(workflow: string, options: VersionsOptions = {}): Promise<VersionsPage> {
    return this.#api.call(ROUTES.listVersions, { params: { workflow }, query: options });
  }

  aliases(workflow: string): Promise<WorkflowAlias[]> {
    return this.#api.call(ROUTES.listAliases, { params: { workflow } });
  }

  setAlias(workflow: string, alias: string, version: VersionName): Promise<WorkflowAlias> {
    return this.#api.call(ROUTES.setAlias, { params: { workflow, alias }, body: { version } });
  }
}
