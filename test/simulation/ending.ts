import { fromCheckpoint, settledVisits } from '../../shared/core/checkpoint.ts';
import { compile } from '../../shared/core/compile.ts';
import { nodeAt } from '../../shared/core/plan.ts';
import type { ExecutionService } from '../../shared/executor/execution-service.ts';
import { Definition, type DefinitionInput } from '../../shared/model/definition.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { EventOf, ExecutionEvent } from '../../shared/observability/execution-event.ts';
import type { WorkflowMetrics } from '../../shared/observability/tally.ts';
import type { Item } from '../../shared/ports/item-table.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { itemType, metaKey } from '../../shared/store/keys.ts';
import { readAgreement } from '../support/agreement.ts';
import { anExecutionService } from '../support/factories-service.ts';
import { allEvents, historyProblems } from '../support/history-agreement.ts';
import { check } from '../support/oracle.ts';
import { configOf, policyOf } from '../support/oracle-node.ts';
import type { Client } from './client.ts';
import type { Scenario } from './scenario.ts';
import type { World } from './world.ts';

const MAX_SKEW_MS = 3_000;
/** And so much after it where nothing goes wrong and others are waited for. */
const LATE_MS = 20_000;
/** A message may come so much before its time. */
const EARLY_MS = 1_000;

/** What is wrong with how everything ended. */
export async function endingProblems(world: World, scenario: Scenario, client: Client): Promise<string[]> {
  const service = anExecutionService({
    store: world.store,
    clock: { nowMs: () => world.loop.nowMs, after: () => () => undefined },
  });
  const problems: string[] = [];
  const events: ExecutionEvent[] = [];
  const isTold = world.observerStream !== undefined && !world.hasLost.observed;
  problems.push(...(await noteProblems(world)), ...(await busProblems(world, service, scenario, isTold)));
  for (const executionId of client.executionIds) {
    const own = scenario.executions.find(
      ({ executionId: id }) => executionId === id || executionId.startsWith(`${id}-`),
    );
    const items = world.itemsOf(executionId);
    if (own === undefined) continue;
    const found = [
      ...(await originProblems(world, items, own.definition)),
      ...(await outcomeProblems(world, service, executionId, items, own)),
      ...retryProblems(world, scenario.controls, own.definition, items),
    ];
    if (isTold) {
      const told = await allEvents(service, executionId);
      const { results } = await service.results(executionId);
      const copied = new Set(
        items.flatMap(({ copiedFrom, node, visit, run }) =>
          copiedFrom === undefined ? [] : [visitName(node, visit, run)],
        ),
      );
      found.push(
        ...historyProblems(
          told,
          results.filter(({ nodeId, visit, run }) => !copied.has(visitName(nodeId, visit, run))),
          { isDisturbed: true },
        ),
      );
      events.push(...told);
    }
    problems.push(...found.map((problem) => `${executionId}: ${problem}`));
  }
  // A start whose answer was lost, and that was then told of another's that computes the same, is nobody's; it counts.
  if (isTold)
    for (const executionId of world.watch.executions.keys())
      if (!client.executionIds.has(executionId)) events.push(...(await allEvents(service, executionId)));
  if (isTold) {
    for (const [workflow, ofWorkflow] of byWorkflow(events))
      if (workflow === '') problems.push('a history lacks the start of its execution');
      else problems.push(...metricsProblems(await service.metrics(workflow), ofWorkflow));
  }
  return problems;
}

/** What an event source gave up is in a note, and notes tell of nothing else. */
async function noteProblems({ deadLetters, givenUp }: World): Promise<string[]> {
  const { work, records } = await deadLetters.list({ limit: 500 });
  const left = [...records];
  const problems = givenUp.flatMap(({ functionName, sequences }) => {
    const found = left.findIndex(
      ({ function: name, records: count, firstSequence, lastSequence }) =>
        name === functionName &&
        count === sequences.length &&
        firstSequence === sequences.at(0) &&
        lastSequence === sequences.at(-1),
    );
    if (found >= 0) left.splice(found, 1);
    return found >= 0 ? [] : [`${sequences.length} records were given up by ${functionName}, and no note says so`];
  });
  return [
    ...problems,
    ...left.map(({ firstSequence }) => `a note tells of ${firstSequence}, which was not given up`),
    ...work.map(({ task }) => `${JSON.stringify(task)} is left unsettled`),
  ];
}

/** Each event was told at least once, and none of what did not happen. */
async function busProblems(
  world: World,
  service: ExecutionService,
  { lifecycle: scope }: Scenario,
  isWhole: boolean,
): Promise<string[]> {
  if (world.observerStream === undefined || scope === undefined) return [];
  const problems: string[] = [];
  for (const executionId of world.watch.executions.keys()) {
    const item = world.table.get(metaKey(ExecutionId.parse(executionId)));
    if (item === undefined) continue;
    const history = await allEvents(service, executionId);
    const found = world.bus.problems(executionId, history, { facts: parseMeta(item), scope, isWhole });
    problems.push(...found.map((problem) => `${executionId}: ${problem}`));
  }
  return problems;
}

async function outcomeProblems(
  { faults }: World,
  service: ExecutionService,
  executionId: string,
  items: readonly Item[],
  { definition, input }: { definition: DefinitionInput; input: Parameters<typeof check>[1] },
): Promise<string[]> {
  const item = items.find(({ sk }) => sk === 'META');
  if (item === undefined) return ['it is not there'];
  const meta = parseMeta(item);
  if (!isTerminal(meta.status)) return [`it is ${meta.status}`];
  const { status } = meta;
  if (status !== 'SUCCEEDED' && meta.stop !== undefined && meta.stop.reason !== status)
    return [`it ended ${status}, and was told to stop because ${meta.stop.reason}`];
  // What a stop of another's making cut off, and errors that no handler threw: what they lead to, the oracle does not know.
  const isForeign =
    faults.fired.some(({ kind }) => kind === 'handlerIsStuck') || JSON.stringify(items).includes('RunnerCrashed');
  if (meta.cachedFrom !== undefined || status === 'CANCELLED' || status === 'TIMED_OUT' || isForeign) return [];
  // What a checkpoint brought may be of several runs: when it ran tells nothing.
  const slackMs = meta.origin === undefined ? MAX_SKEW_MS : Number.POSITIVE_INFINITY;
  return check(definition, input, await readAgreement(service, executionId), { slackMs });
}

/** What a checkpoint was taken with, the execution that goes on from it has taken over. */
async function originProblems(
  { store }: World,
  items: readonly Item[],
  definition: DefinitionInput,
): Promise<string[]> {
  const item = items.find(({ sk }) => sk === 'META');
  const origin = item === undefined ? undefined : parseMeta(item).origin;
  if (origin === undefined) return [];
  const checkpoint = await store.checkpoints.load(origin.executionId, Number(origin.checkpointId.split('.').at(-1)));
  const plan = compile(definition);
  const visits = checkpoint === undefined ? [] : settledVisits(plan, fromCheckpoint(plan, checkpoint.state));
  return visits.flatMap(({ node, visit }) => {
    const { id } = nodeAt(plan, node);
    const result = items.find(
      (one) => one.node === id && one.visit === visit && one.run === 1 && itemType(one.sk) === 'RESULT',
    );
    return result?.copiedFrom === undefined ? [`${id} ${visit} stood in the checkpoint, and was not taken over`] : [];
  });
}

/** Attempts beyond the policy, or not at their time. */
function retryProblems(
  { faults }: World,
  controls: readonly unknown[],
  source: DefinitionInput,
  items: readonly Item[],
): string[] {
  const isUndisturbed = faults.fired.length === 0 && controls.length === 0;
  const definition = Definition.parse(source);
  const slackMs = EARLY_MS + (faults.fired.some(({ kind }) => kind === 'clockIsOff') ? MAX_SKEW_MS : 0);
  return items.flatMap(({ sk, node, attempts }): string[] => {
    const owner = Object.entries(definition.nodes).find(([id]) => id === node)?.[1];
    if (!Array.isArray(attempts) || owner === undefined || !('handler' in owner)) return [];
    const tries = attempts as { attempt: number; startedAtMs: number; endedAtMs: number }[];
    const policy = policyOf(owner, configOf(definition));
    const most = (policy?.maxRetries ?? 0) + 1;
    const problems = tries.length > most ? [`${sk} took ${tries.length} attempts, ${most} may be`] : [];
    for (const [index, { attempt, startedAtMs }] of tries.entries()) {
      if (attempt !== index + 1) problems.push(`${sk}: attempt ${attempt} stands at place ${index + 1}`);
      const before = tries[index - 1];
      if (before === undefined || policy === undefined || policy.jitterStrategy === 'FULL') continue;
      const seconds = Math.min(
        policy.intervalSeconds * policy.backoffRate ** (index - 1),
        policy.maxDelaySeconds ?? Number.POSITIVE_INFINITY,
      );
      if (startedAtMs - before.endedAtMs < seconds * 1_000 - slackMs)
        problems.push(
          `${sk}: attempt ${attempt} came after ${startedAtMs - before.endedAtMs} ms, ${seconds} s are asked for`,
        );
      if (isUndisturbed && startedAtMs - before.endedAtMs > seconds * 1_000 + LATE_MS)
        problems.push(
          `${sk}: attempt ${attempt} came ${startedAtMs - before.endedAtMs} ms later, ${seconds} s are asked for`,
        );
    }
    return problems;
  });
}

function byWorkflow(events: readonly ExecutionEvent[]): Map<string, ExecutionEvent[]> {
  const workflowOf = new Map(
    events.flatMap((event) => (event.type === 'ExecutionStarted' ? [[event.executionId, event.workflow]] : [])),
  );
  return Map.groupBy(events, ({ executionId }) => workflowOf.get(executionId) ?? '');
}

/** What a workflow's metrics say otherwise than the histories of its executions do. */
function metricsProblems(metrics: WorkflowMetrics, events: readonly ExecutionEvent[]): string[] {
  const ended = events.filter((event): event is EventOf<'ExecutionEnded'> => event.type === 'ExecutionEnded');
  const succeeded = ended.filter(({ status }) => status === 'SUCCEEDED').length;
  const problems: string[] = [];
  if (metrics.successfulExecutions !== succeeded || metrics.totalExecutions !== ended.length)
    problems.push(
      `${metrics.workflow}: ${ended.length} ended, ${succeeded} well; counted are ${metrics.totalExecutions} and ${metrics.successfulExecutions}`,
    );
  const least = new Map<string, number>();
  const most = new Map<string, number>();
  for (const end of ended) {
    const endsAt = events.indexOf(end);
    for (const [place, event] of events.entries()) {
      if (event.type !== 'NodeSucceeded' && event.type !== 'NodeFailed') continue;
      const isOfRun = event.executionId === end.executionId && event.run === end.run;
      if (!isOfRun || (end.status !== 'SUCCEEDED' && event.atMs > end.atMs)) continue;
      most.set(event.nodeId, (most.get(event.nodeId) ?? 0) + 1);
      // What was over before the end, and written after it, had or had not come when it was counted.
      if (end.status !== 'SUCCEEDED' && place > endsAt) continue;
      least.set(event.nodeId, (least.get(event.nodeId) ?? 0) + 1);
    }
  }
  for (const nodeId of new Set([...most.keys(), ...Object.keys(metrics.nodeExecutionTimes)])) {
    const times = metrics.nodeExecutionTimes[nodeId];
    const counted = Object.hasOwn(metrics.nodeExecutionTimes, nodeId) ? (times?.count ?? 0) : 0;
    if (counted < (least.get(nodeId) ?? 0) || counted > (most.get(nodeId) ?? 0))
      problems.push(`${metrics.workflow}: ${nodeId} ran ${most.get(nodeId) ?? 0} times, ${counted} are counted`);
  }
  return problems;
}

const visitName = (nodeId: unknown, visit: unknown, run: unknown): string => `${nodeId} ${visit} ${run}`;
