import { type LocalSecrets, localSecrets } from '../../shared/adapters/local/local-secrets.ts';
import { MemoryTaskQueue } from '../../shared/adapters/local/memory-queue.ts';
import { SqliteBlobStore } from '../../shared/adapters/local/sqlite-blobs.ts';
import { openDatabase } from '../../shared/adapters/local/sqlite-database.ts';
import { SqliteItemTable } from '../../shared/adapters/local/sqlite-table.ts';
import { compile } from '../../shared/core/compile.ts';
import type { Advance } from '../../shared/model/config.ts';
import { ExecutionId, NodeId } from '../../shared/model/ids.ts';
import type { ResultItem } from '../../shared/model/items.ts';
import type { Json } from '../../shared/model/json.ts';
import { TaskMessage } from '../../shared/model/message.ts';
import { type AnyHandler, defineNode } from '../../shared/nodes/define-node.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import type { NodeContext } from '../../shared/nodes/node-context.ts';
import { Logger } from '../../shared/observability/logger.ts';
import { type DeliveryInfo, NodeRunner } from '../../shared/runner/runner.ts';
import { Dispatcher } from '../../shared/scheduler/dispatcher.ts';
import { openStore } from '../../shared/store/store.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import { aDefinition } from './factories.ts';
import { anExecutionService } from './factories-service.ts';

type Execute = (input: never, context: NodeContext) => unknown;

export interface BenchOptions {
  readonly nodes: { readonly [id: string]: Json };
  /** Handlers by type; a function is one without schemas. */
  readonly handlers?: { readonly [type: string]: Execute | AnyHandler };
  readonly input?: Json;
  readonly globals?: { readonly [name: string]: Json };
  readonly definition?: { readonly [field: string]: Json };
  readonly config?: { readonly [field: string]: Json };
  readonly random?: () => number;
  /** Default: there are none. */
  readonly secrets?: LocalSecrets;
  /** Default `stream`: nobody starts what follows. `eager`: who finishes does; the first nodes are a test's own to run. */
  readonly advance?: Advance;
}

/** A runner with its store and queue, and one execution of a workflow: what a test of one node needs, without a scheduler. */
export async function aRunnerBench(options: BenchOptions) {
  const { nodes, handlers = {}, input = null, globals, definition = {}, config, random = () => 0.5 } = options;
  const { advance = 'stream' } = options;
  const clock = new VirtualClock();
  const lines: string[] = [];
  const database = openDatabase(':memory:', { mode: 'engine', clock });
  const table = new SqliteItemTable(database);
  const store = openStore(table, new SqliteBlobStore(database));
  const queue = new MemoryTaskQueue({ clock, visibilityMs: 60_000, maxReceiveCount: 5 });
  const runner = new NodeRunner({
    store,
    dispatcher: new Dispatcher(queue),
    clock,
    handlers: new HandlerRegistry(Object.entries(handlers).map(toHandler)),
    logger: new Logger({ write: (line) => lines.push(line) }),
    random,
    secrets: localSecrets(options.secrets ?? {}, {}),
  });
  const service = anExecutionService({
    store,
    clock,
    advance,
    dispatcher: new Dispatcher({ send: async () => undefined }),
  });
  const source = aDefinition(nodes, definition);
  const { executionId } = await service.start({
    definition: source,
    input,
    ...(globals && { globals }),
    ...(config && { config }),
  });
  const id = ExecutionId.parse(executionId);
  const plan = compile(source);

  const aMessage = (node: string, overrides: { readonly [field: string]: Json } = {}): TaskMessage =>
    TaskMessage.parse({
      v: 1,
      kind: 'node',
      executionId,
      run: 1,
      node,
      visit: 1,
      attempt: 1,
      queuedAtMs: clock.nowMs(),
      ...overrides,
    });
  const resultOf = (node: string, visit = 1): Promise<ResultItem | undefined> =>
    store.results.loadResult({ executionId: id, resultShards: undefined, run: 1, node: NodeId.parse(node), visit });

  return {
    clock,
    table,
    store,
    queue,
    runner,
    service,
    plan,
    executionId: id,
    /** What was logged. */
    lines,
    aMessage,
    resultOf,
    meta: async () => (await store.executions.loadMeta(id)) ?? fail('META is gone'),
    /** Runs a message to its end, in virtual time. */
    async run(message: TaskMessage, delivery?: DeliveryInfo): Promise<void> {
      let outcome: { error?: unknown } | undefined;
      runner.run(message, delivery).then(
        () => {
          outcome = {};
        },
        (error: unknown) => {
          outcome = { error };
        },
      );
      await clock.runUntil(() => outcome !== undefined, 3_600_000);
      if (outcome === undefined) throw new Error('The runner did not come to an end');
      if ('error' in outcome) throw outcome.error;
    },
    /** Runs a first attempt of a node, and gives its result. */
    async runNode(node: string, overrides: { readonly [field: string]: Json } = {}) {
      await this.run(aMessage(node, overrides));
      return resultOf(node, typeof overrides.visit === 'number' ? overrides.visit : 1);
    },
    /** Runs a map: its plan, each chunk with its retries, and puts the outputs together. */
    async runMap(node: string, delivery?: DeliveryInfo) {
      await this.run(aMessage(node, { kind: 'plan' }));
      const key = { executionId: id, resultShards: undefined, run: 1, node: NodeId.parse(node), visit: 1 };
      const map = await store.results.loadMap(key);
      for (let chunk = 0; chunk < (map?.chunks ?? 0); chunk++)
        await this.runToTheEnd(aMessage(node, { kind: 'chunk', chunk }), delivery);
      if (map !== undefined) await this.run(aMessage(node, { kind: 'collect' }));
      return resultOf(node);
    },
    /** Runs a message, and those it sends, until none is left. Gives how many there were. */
    async runToTheEnd(message: TaskMessage, delivery?: DeliveryInfo): Promise<number> {
      let count = 0;
      for (let next: TaskMessage | undefined = message; next !== undefined; count++) {
        if (count > 100) throw new Error('There is no end of it');
        await this.run(next, delivery);
        [next] = await this.sent();
      }
      return count;
    },
    /** Takes the messages that a pool has now. */
    async waiting(pool = 'default'): Promise<TaskMessage[]> {
      const deliveries = await queue.receive(pool);
      for (const { receipt } of deliveries) await queue.acknowledge(pool, receipt);
      return deliveries.map(({ body }) => TaskMessage.parse(JSON.parse(body)));
    },
    /** Takes the messages that were sent, letting time go on to the last of them. */
    async sent(withinMs = 86_400_000): Promise<TaskMessage[]> {
      const deliveries = [...(await queue.receive('default'))];
      if (deliveries.length === 0) {
        const waiting = queue.receive('default', { waitMs: withinMs }).then((late) => deliveries.push(...late) || true);
        let isOver = false;
        void waiting.then(() => {
          isOver = true;
        });
        await clock.runUntil(() => isOver, withinMs + 1);
      }
      for (const { receipt } of deliveries) await queue.acknowledge('default', receipt);
      return deliveries.map(({ body }) => TaskMessage.parse(JSON.parse(body)));
    },
    outputOf: async (result: ResultItem | undefined): Promise<Json | undefined> =>
      result?.output === undefined ? undefined : store.payloads.load(result.output),
    close: () => database.close(),
  };
}

const toHandler = ([type, handler]: [string, Execute | AnyHandler]): AnyHandler =>
  typeof handler === 'function'
    ? defineNode({ type, execute: (input: never, context) => handler(input, context) })
    : { ...handler, type };

function fail(problem: string): never {
  throw new Error(problem);
}

/** An error with a name of its own, and what else is given. */
export const anError = (name: string, fields: object = {}): Error =>
  Object.assign(new Error(`${name} happened`), { name }, fields);
