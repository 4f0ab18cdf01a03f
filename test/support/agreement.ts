import { compile } from '../../shared/core/compile.ts';
import { allResults } from '../../shared/executor/execution-result.ts';
import type { Executions } from '../../shared/executor/executions.ts';
import type { Advance } from '../../shared/model/config.ts';
import type { DefinitionInput } from '../../shared/model/definition.ts';
import type { Json } from '../../shared/model/json.ts';
import { isTerminal, type NodeResultView } from '../../shared/model/result.ts';
import type { AnyHandler } from '../../shared/nodes/define-node.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { VirtualClock } from '../../shared/testing/virtual-clock.ts';
import type { Trouble } from './faulty-queue.ts';
import { Invariants } from './invariants.ts';
import type { AgreementResult } from './oracle.ts';
import { Random } from './random-workflow-source.ts';
import { Twin } from './twin.ts';

export interface TwinRunOptions {
  readonly clock?: VirtualClock;
  /** Determines every delay, repetition and failure. Default 1. */
  readonly seed?: number;
  /** Default: none. */
  readonly trouble?: Trouble;
  /** Default `eager`. */
  readonly advance?: Advance;
  /** Pauses, resumes and repairs at random times. Default false. */
  readonly isDisturbed?: boolean;
  readonly maxReceiveCount?: number;
  /** Cancels so many times, at random times, and redrives; a failure is redriven too. Default 0. */
  readonly interruptions?: number;
}

export interface TwinRun extends AgreementResult {
  /** Of the design's invariants, and errors nobody asked for. */
  readonly violations: readonly string[];
  /** Handlers of different visits at once, at the most. */
  readonly maxHandling: number;
}

/** Within so much virtual time everything must have ended. */
const MAX_RUN_MS = 6 * 3_600_000;

/** Runs a workflow on the local twin, in virtual time, to its end and on until nothing of it is under way any more. */
export async function runOnTwin(
  definition: DefinitionInput,
  handlers: readonly AnyHandler[],
  input: Json,
  options: TwinRunOptions = {},
): Promise<TwinRun> {
  const { clock = new VirtualClock(), seed = 1, isDisturbed = false, interruptions = 0, ...rest } = options;
  const plan = compile(definition);
  const invariants = new Invariants(plan, plan.definition.config?.maxParallelNodes ?? 10);
  let hasEnded = false;
  const twin = new Twin({
    ...rest,
    clock,
    seed,
    handlers: handlers.map((handler) => watched(handler, plan.definition, invariants)),
    onSend: (body) => invariants.onSend(body),
    onChange: (record) => {
      invariants.onChange(record);
      if (record.key.sk === 'META' && record.after !== undefined) hasEnded = isTerminal(parseMeta(record.after).status);
    },
  });
  try {
    twin.serve(plan);
    const random = new Random(seed + 1);
    const { executionId } = await twin.service.start({ definition, input });
    for (let left = interruptions; ; left--) {
      if (left > 0) cancelSoon(twin, executionId, random);
      if (isDisturbed) disturb(twin, executionId, random, () => hasEnded);
      if (!(await clock.runUntil(() => hasEnded, MAX_RUN_MS))) return { ...STUCK, ...watchedBy(twin, invariants) };
      await clock.pass(120_000);
      const result = await readAgreement(twin.service, executionId);
      if (left <= 0 || result.status === 'SUCCEEDED') return { ...result, ...watchedBy(twin, invariants) };
      await twin.service.redrive(executionId);
    }
  } finally {
    await twin.close();
  }
}

const STUCK: AgreementResult = { status: 'STUCK', results: [] };

const watchedBy = (twin: Twin, { violations, maxHandling }: Invariants) => ({
  violations: [...violations, ...describe(twin.errors)],
  maxHandling,
});

const cancelSoon = (twin: Twin, executionId: string, random: Random): void => {
  twin.clock.after(random.int(0, 200), () => void twin.service.cancel(executionId).catch(() => undefined));
};

/** What there is to compare of an ended execution, from wherever it runs. */
export async function readAgreement(
  executions: Pick<Executions, 'outcome' | 'results'>,
  executionId: string,
): Promise<AgreementResult> {
  const { description, output } = await executions.outcome(executionId);
  const { status, error, failedNode } = description;
  const withOutputs: Pick<Executions, 'results'> = {
    results: (id, page) => executions.results(id, { ...page, withOutputs: true }),
  };
  const results = await allResults(withOutputs, executionId);
  const standing = new Map<string, NodeResultView>();
  for (const view of results.toSorted((a, b) => a.run - b.run)) standing.set(`${view.nodeId} ${view.visit}`, view);
  return { status, output, error, failedNode, results: [...standing.values()] };
}

const describe = (errors: readonly unknown[]): string[] =>
  errors.map((error) => `unexpected: ${error instanceof Error ? error.stack : String(error)}`);

function watched(
  handler: AnyHandler,
  { nodes }: ReturnType<typeof compile>['definition'],
  invariants: Invariants,
): AnyHandler {
  const sizes = new Map(
    Object.entries(nodes).map(([id, node]) => [id, node.type === 'map' ? (node.chunkSize ?? 1) : 1]),
  );
  return {
    ...handler,
    async execute(input: unknown, context) {
      const { nodeId, visit, itemIndex } = context;
      const chunk = itemIndex === undefined ? '' : ` ${Math.floor(itemIndex / (sizes.get(nodeId) ?? 1))}`;
      const name = `${nodeId} ${visit}${chunk}`;
      invariants.onHandlerStart(name);
      try {
        return await handler.execute(input, context);
      } finally {
        invariants.onHandlerEnd(name);
      }
    },
  };
}

/** None of it may change how the execution ends. */
function disturb(twin: Twin, executionId: string, random: Random, isOver: () => boolean): void {
  const ignore = () => undefined;
  const id = executionId as Parameters<Twin['reconciler']['reconcile']>[0];
  const steps: (() => Promise<void>)[] = [
    () => twin.service.pause(executionId),
    () => twin.service.resume(executionId),
    () => twin.reconciler.reconcile(id),
    () => twin.reconciler.reconcile(id, { resend: 'all' }),
  ];
  const next = (left: number) => {
    twin.clock.after(random.int(1, 1_500), () => {
      if (isOver()) return;
      const step = left === 0 ? steps[1] : random.pick(steps);
      void step?.().catch(ignore);
      if (left > 0) next(left - 1);
    });
  };
  next(random.int(1, 8));
}
