import type { DynamoDBBatchResponse, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { giveUpBatch } from '../../functions/dead-letter/give-up-batch.ts';
import { runBatch } from '../../functions/node-runner/run-batch.ts';
import { observeBatch } from '../../functions/observer/observe-batch.ts';
import { advanceBatch } from '../../functions/scheduler/advance-batch.ts';
import { FanjoinError } from '../../shared/errors.ts';
import type { DeadLetters } from '../../shared/executor/dead-letters.ts';
import { ExecutionService } from '../../shared/executor/execution-service.ts';
import { QueueDeadLetters } from '../../shared/executor/queue-dead-letters.ts';
import type { Advance } from '../../shared/model/config.ts';
import type { ExecutionId } from '../../shared/model/ids.ts';
import { DEFAULT_POOL } from '../../shared/model/pools.ts';
import type { AnyHandler } from '../../shared/nodes/define-node.ts';
import { HandlerRegistry } from '../../shared/nodes/handler-registry.ts';
import type { LifecycleScope } from '../../shared/observability/lifecycle-event.ts';
import { LifecycleEvents } from '../../shared/observability/lifecycle-events.ts';
import { Logger } from '../../shared/observability/logger.ts';
import { Observer } from '../../shared/observability/observer.ts';
import { FLAGS_KNOWN_MS } from '../../shared/runner/flag-reader.ts';
import { NodeRunner } from '../../shared/runner/runner.ts';
import { Dispatcher } from '../../shared/scheduler/dispatcher.ts';
import { Reconciler } from '../../shared/scheduler/reconcile.ts';
import { Scheduler } from '../../shared/scheduler/scheduler.ts';
import { StartWatch } from '../../shared/scheduler/start-watch.ts';
import { Sweep } from '../../shared/scheduler/sweep.ts';
import { openStore } from '../../shared/store/store.ts';
import type { InvocationContext } from './function-host.ts';
import type { SimulatedProcess } from './process.ts';
import type { StreamBatch } from './stream-source.ts';

/** A request to the API function. */
export type Request = (service: ExecutionService, deadLetters: DeadLetters) => Promise<unknown>;
export type Answer = { readonly value: unknown } | { readonly refused: string };

/** The queue of what even the dead-letter function could not settle. */
export const unsettledQueue = (pool: string): string => `${pool}-unsettled`;
/** The queue of notes about stream records that were given up. */
export const GIVEN_UP_QUEUE = 'given-up';

export interface DeployedParts {
  readonly pools: readonly string[];
  readonly advance: Advance;
  /** What a bus is told of. Absent: there is none. */
  readonly lifecycle: LifecycleScope | undefined;
  /** Over how many partitions results are spread; 1: beside META. Absent: as the API decides. */
  readonly resultShards: number | undefined;
  readonly newId: () => string;
  /** @param pool whose queue the process is at work for */
  readonly handlers: (process: SimulatedProcess, pool: () => string) => readonly AnyHandler[];
  readonly onLog: (line: string) => void;
  readonly onSweepFailed: (error: unknown) => void;
}

type Start<Event, Result> = (
  process: SimulatedProcess,
) => (event: Event, context: InvocationContext) => Promise<Result>;

export interface Deployed {
  readonly scheduler: Start<StreamBatch, DynamoDBBatchResponse>;
  readonly runner: Start<SQSEvent, SQSBatchResponse>;
  readonly deadLetter: Start<SQSEvent, SQSBatchResponse>;
  readonly observer: Start<StreamBatch, DynamoDBBatchResponse>;
  /** Of one execution, as an engine does that takes it over; or of all that is due. */
  readonly sweep: Start<ExecutionId | undefined, void>;
  readonly api: Start<Request, Answer>;
}

export const deadLettersOf = (pools: readonly string[], { letters }: SimulatedProcess['ports']): DeadLetters =>
  new QueueDeadLetters({
    queue: letters,
    unsettled: Object.fromEntries(pools.map((pool) => [pool, unsettledQueue(pool)])),
    givenUp: GIVEN_UP_QUEUE,
  });

/** What the functions of the stack do at the start of an instance (`functions/`), with the ports of a process. */
export function deployed({
  pools,
  advance,
  lifecycle,
  resultShards,
  newId,
  handlers,
  onLog,
  onSweepFailed,
}: DeployedParts): Deployed {
  const logger = new Logger({ write: onLog });
  const runtime = ({ name, clock, ports }: SimulatedProcess) => ({
    store: openStore(ports.table, ports.blobs, { id: name, packs: true }),
    clock,
    logger,
    dispatcher: new Dispatcher(ports.sender),
  });
  const runnerIn = (process: SimulatedProcess, own: readonly AnyHandler[]) => {
    const registry = new HandlerRegistry(own);
    const settings = { handlers: registry, random: process.random, sharesReads: true };
    return { runner: new NodeRunner({ ...runtime(process), ...settings }), logger };
  };
  return {
    scheduler: (process) => {
      const parts = { scheduler: new Scheduler({ ...runtime(process), id: process.name }), logger };
      return ({ records }) => advanceBatch(parts, records);
    },
    runner: (process) => {
      let pool = '';
      const parts = runnerIn(
        process,
        handlers(process, () => pool),
      );
      return (event, context) => {
        pool = event.Records[0]?.eventSourceARN ?? '';
        return runBatch(parts, event, context);
      };
    },
    deadLetter: (process) => {
      const parts = runnerIn(process, []);
      return (event) => giveUpBatch(parts, event);
    },
    observer: (process) => {
      const { store } = runtime(process);
      const { bus: sink } = process.ports;
      const parts = {
        store,
        observer: new Observer(store),
        logger,
        lifecycle: lifecycle && new LifecycleEvents({ store, logger, sink, nodeEvents: lifecycle === 'nodes' }),
      };
      return ({ records, window }) => observeBatch(parts, records, window);
    },
    sweep: (process) => {
      const { store, clock, dispatcher } = runtime(process);
      const reconciler = new Reconciler({
        store,
        scheduler: new Scheduler({ store, dispatcher, clock, id: process.name }),
      });
      const sweep = new Sweep({ store, clock, reconciler, watch: new StartWatch({ store, clock }) });
      return async (adopted) => {
        if (adopted !== undefined) return void (await reconciler.reconcile(adopted, { resend: 'all' }));
        const { failed } = await sweep.run();
        for (const { error } of failed) onSweepFailed(error);
      };
    },
    api: (process) => {
      const { store, clock, dispatcher } = runtime(process);
      const named = pools.filter((pool) => pool !== DEFAULT_POOL).map((pool) => [pool, {}]);
      const service = new ExecutionService({
        store,
        clock,
        pools: Object.fromEntries(named),
        handlersVersion: () => '',
        handlersPin: () => ({ version: '' }),
        newId,
        exportsSpans: true,
        dispatcher,
        advance,
        flagsKnownMs: FLAGS_KNOWN_MS,
        watchesStarts: true,
        ...(resultShards !== undefined && { resultShards: () => (resultShards === 1 ? undefined : resultShards) }),
      });
      const deadLetters = deadLettersOf(pools, process.ports);
      return async (request) => {
        try {
          return { value: await request(service, deadLetters) };
        } catch (error) {
          // What the API says no to is an answer; anything else is worth another try.
          if (error instanceof FanjoinError && !error.retryable) return { refused: error.code };
          throw error;
        }
      };
    },
  };
}
