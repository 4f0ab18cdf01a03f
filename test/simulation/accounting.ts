import { hasBit } from '../../shared/core/bits.ts';
import { openWork } from '../../shared/core/open-work.ts';
import { findNode, type Plan } from '../../shared/core/plan.ts';
import { decodeWork, encodeWork } from '../../shared/core/work-list.ts';
import { ExecutionId } from '../../shared/model/ids.ts';
import { type MetaItem, ResultItem, StateItem } from '../../shared/model/items.ts';
import { TaskMessage } from '../../shared/model/message.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { ExecutionState } from '../../shared/model/state.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { workOf } from '../../shared/scheduler/core-events.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import {
  chunkKey,
  executionIdOf,
  executionPk,
  itemType,
  mapKey,
  metaKey,
  resultKey,
  stateKey,
} from '../../shared/store/keys.ts';
import type { MemoryTable } from './memory-table.ts';

interface AccountingParts {
  readonly table: MemoryTable;
  readonly planOf: (workflow: string) => Plan | undefined;
  /** Bodies of all messages that are on a queue. */
  readonly waiting: () => readonly string[];
  /** Then of what it told others tell, if anybody does. */
  readonly hasLost: { readonly record: boolean };
  readonly violated: (what: string) => void;
}

interface Decided {
  /** Its first and last record: a batch that failed is cut, and what one part does not send the other may. */
  readonly waitsFor: Set<string>;
  readonly run: number;
  readonly sends: string;
  readonly step: number;
}

/** Under this name a repair records what it is about to send. */
const REPAIR = 'repair';

/** Watches that nothing is acknowledged before what it causes is durable and sent (invariant 4). */
export class Accounting {
  readonly #parts: AccountingParts;
  /** Work of each run of each execution that was ever sent, with when it last was; and work that was ever parked. */
  readonly #sent = new Map<string, number>();
  readonly #parked = new Set<string>();
  /** What was decided on each batch, by its first and last record: who decides next may take its place in the state. */
  readonly #decided = new Map<string, Decided>();
  #steps = 0;

  constructor(parts: AccountingParts) {
    this.#parts = parts;
  }

  onSend(body: string): void {
    const found = this.#read(body);
    if (found !== undefined) this.#sent.set(nameOf(found.message, found.work), ++this.#steps);
  }

  onChange({ key, before, after }: ChangeRecord): void {
    if (after === undefined) return;
    if (key.sk === 'STATE')
      this.#onState(before === undefined ? undefined : StateItem.parse(before), StateItem.parse(after));
    if (itemType(key.sk) === 'RESULT') this.#onResult(ResultItem.parse(after));
    if (key.sk !== 'META') return;
    const meta = parseMeta(after);
    for (const work of meta.parked ?? []) this.#parked.add(nameOf(meta, work));
  }

  /** What a repair decided no record brings a second time. */
  #onState(before: StateItem | undefined, { pk, batches, state: { run } }: StateItem): void {
    for (const [name, { sequence, last = sequence, sends, revision }] of Object.entries(batches)) {
      if (name === REPAIR || before?.batches[name]?.revision === revision) continue;
      const decided = { waitsFor: new Set([sequence, last]), run, sends, step: ++this.#steps };
      for (const end of decided.waitsFor) this.#decided.set(`${pk} ${end}`, decided);
    }
  }

  /** A map that was planned has chunks under way; who gives up its plan's message must leave it alone. */
  #onResult(result: ResultItem): void {
    if (result.error?.name !== 'RunnerCrashed') return;
    const { table, violated } = this.#parts;
    const item = table.get(metaKey(result.executionId));
    const meta = item === undefined ? undefined : parseMeta(item);
    const plan = meta === undefined ? undefined : this.#parts.planOf(meta.workflow);
    const index = plan === undefined ? undefined : findNode(plan, result.node)?.index;
    const key = { ...result, resultShards: meta?.resultShards };
    if (index === undefined || table.get(mapKey(key)) === undefined) return;
    const collecting = encodeWork([{ kind: 'collect', node: index, visit: result.visit }]);
    if (!this.#sent.has(nameOf(result, collecting)))
      violated(`the map ${result.node} of ${result.executionId} was given up, and its plan stands`);
  }

  /** A message was handled, and removed from its queue. */
  onRemoved(body: string): void {
    const found = this.#read(body);
    if (found === undefined) return;
    const { message, work, meta } = found;
    if (isTerminal(meta.status) || meta.run !== message.run) return;
    if (message.kind === 'settle') {
      if (meta.settleElapsed !== true) this.#parts.violated('the settle message was removed, and nobody was told');
      return;
    }
    if (meta.stop !== undefined || this.#isSettled(meta, message) || this.#parked.has(nameOf(message, work))) return;
    const goesOn = this.#parts.waiting().some((other) => {
      const next = this.#read(other);
      return (
        next !== undefined &&
        next.message.kind !== 'settle' &&
        nameOf(next.message, next.work) === nameOf(message, work) &&
        next.message.attempt >= message.attempt
      );
    });
    if (!goesOn)
      this.#parts.violated(
        `a message was removed, and its work is neither settled nor parked nor waiting: ${message.executionId} ${message.node} ${work}`,
      );
  }

  /** A batch of the stream was handled by the scheduler, and is not delivered again. */
  onHandled(records: readonly ChangeRecord[]): void {
    for (const [id, group] of Map.groupBy(records, executionIdOf)) this.#onHandled(ExecutionId.parse(id), group);
  }

  #onHandled(executionId: ExecutionId, records: readonly ChangeRecord[]): void {
    const { table, hasLost, violated } = this.#parts;
    const item = table.get(metaKey(executionId));
    if (item === undefined) return;
    const meta = parseMeta(item);
    if (isTerminal(meta.status)) return;
    const plan = this.#parts.planOf(meta.workflow);
    const stored = table.get(stateKey(executionId));
    if (plan === undefined) return;
    // Who started it sent its first nodes, and nothing had to be decided since.
    const tells = records.some(({ key }) => itemType(key.sk) !== 'META');
    if (stored === undefined && meta.isHandedOff === true && !tells) return;
    if (stored === undefined) {
      violated(`a batch was handled, and ${executionId} has no state`);
      return;
    }
    const { state } = StateItem.parse(stored);
    if (state.run !== meta.run) return;
    for (const { key, after } of records) {
      if (itemType(key.sk) !== 'RESULT' || after?.run !== state.run || state.ending !== undefined) continue;
      if (!isKnown(plan, state, String(after.node), Number(after.visit)))
        violated(`a batch was handled, and the state of ${executionId} does not know ${key.sk}`);
    }
    for (const { key, after } of records)
      if (key.sk === 'META' && after !== undefined && state.ending === undefined && !hasLost.record)
        for (const problem of unheardIn(plan, parseMeta(after), meta, state))
          violated(`a batch was handled, and ${executionId} ${problem}`);
    // What is told to stop starts nothing any more, not even what was decided before.
    if (meta.stop !== undefined) return;
    // What was decided in an earlier run, or has settled since, nobody waits for; what is parked waits for its resume.
    const open = new Set(openWork(plan, state).map((ref) => encodeWork([ref])));
    for (const { sequence } of records) {
      const decided = this.#decided.get(`${item.pk} ${sequence}`);
      decided?.waitsFor.delete(sequence);
      if (decided === undefined || decided.waitsFor.size > 0 || decided.run !== meta.run) continue;
      for (const ref of decodeWork(decided.sends)) {
        const work = encodeWork([ref]);
        const sent = this.#sent.get(nameOf({ executionId, run: meta.run }, work)) ?? 0;
        if (open.has(work) && sent < decided.step && meta.parked?.has(work) !== true)
          violated(`a batch was handled, and ${executionId} has not sent what it decided: ${work}`);
      }
    }
  }

  #read(body: string): { message: TaskMessage; work: string; meta: MetaItem } | undefined {
    const message = TaskMessage.parse(JSON.parse(body));
    const item = this.#parts.table.get(metaKey(message.executionId));
    if (item === undefined) return undefined;
    const meta = parseMeta(item);
    const plan = this.#parts.planOf(meta.workflow);
    if (plan === undefined) return undefined;
    return { message, meta, work: message.kind === 'settle' ? 's' : encodeWork([workOf(plan, message)]) };
  }

  #isSettled({ resultShards }: MetaItem, message: Exclude<TaskMessage, { kind: 'settle' }>): boolean {
    const { table } = this.#parts;
    const key = { ...message, resultShards };
    if (table.get(resultKey(key)) !== undefined) return true;
    if (message.kind === 'plan') return table.get(mapKey(key)) !== undefined;
    return message.kind === 'chunk' && table.get(chunkKey(key, message.chunk)) !== undefined;
  }
}

const nameOf = ({ executionId, run }: { executionId: string; run: number }, work: string): string =>
  `${executionPk(ExecutionId.parse(executionId))} ${run} ${work}`;

/** What a record of META told that the state does not know. Of what has changed since other records tell. */
function unheardIn(plan: Plan, told: MetaItem, now: MetaItem, state: ExecutionState): string[] {
  if (told.run !== now.run) return [];
  const problems: string[] = [];
  if (told.stop !== undefined && state.stop === undefined) problems.push('does not know that it is to stop');
  const isSame =
    told.status === now.status && told.pausedAtMs === now.pausedAtMs && told.resumedAtMs === now.resumedAtMs;
  const isPaused = state.paused && state.pausingBefore === undefined;
  if (isSame && state.stop === undefined && isPaused !== (told.status === 'PAUSED'))
    problems.push(`does not know that it is ${told.status}`);
  for (const point of told.pauseBefore ?? []) {
    const index = findNode(plan, point)?.index ?? -1;
    if (![...state.pausePoints, ...state.passedPoints].includes(index))
      problems.push(`does not know that it is to pause before ${point}`);
  }
  return problems;
}

function isKnown(plan: Plan, state: ExecutionState, node: string, visit: number): boolean {
  const index = findNode(plan, node)?.index;
  if (index === undefined) return false;
  if (state.kind === 'graph') return [state.succeeded, state.failed, state.skipped].some((set) => hasBit(set, index));
  return state.position?.node !== index || state.position.visit !== visit || state.failedVisit?.node === index;
}
