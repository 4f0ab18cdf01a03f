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
  readonly violated: (what: string) => void;
}

/** Watches that nothing is acknowledged before what it causes is durable and sent (invariant 4). */
export class Accounting {
  readonly #parts: AccountingParts;
  /** Work of each run of each execution that was ever sent, and that was ever parked. */
  readonly #sent = new Set<string>();
  readonly #parked = new Set<string>();

  constructor(parts: AccountingParts) {
    this.#parts = parts;
  }

  onSend(body: string): void {
    const found = this.#read(body);
    if (found !== undefined) this.#sent.add(nameOf(found.message, found.work));
  }

  onChange({ key, after }: ChangeRecord): void {
    if (after === undefined) return;
    if (itemType(key.sk) === 'RESULT') this.#onResult(ResultItem.parse(after));
    if (key.sk !== 'META') return;
    const meta = parseMeta(after);
    for (const work of meta.parked ?? []) this.#parked.add(nameOf(meta, work));
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
    const { table, violated } = this.#parts;
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
    const { state, batches } = StateItem.parse(stored);
    if (state.run !== meta.run) return;
    for (const { key, after } of records) {
      if (itemType(key.sk) !== 'RESULT' || after?.run !== state.run || state.ending !== undefined) continue;
      if (!isKnown(plan, state, String(after.node), Number(after.visit)))
        violated(`a batch was handled, and the state of ${executionId} does not know ${key.sk}`);
    }
    const [first] = records;
    const decided = Object.values(batches).find(({ sequence }) => sequence === first?.sequence);
    // What is told to stop starts nothing any more, not even what was decided before.
    if (decided === undefined || meta.stop !== undefined) return;
    // What was decided in an earlier run, or has settled since, nobody waits for.
    const open = new Set(openWork(plan, state).map((ref) => encodeWork([ref])));
    for (const ref of decodeWork(decided.sends)) {
      const work = encodeWork([ref]);
      if (!open.has(work)) continue;
      const isSent = this.#sent.has(nameOf({ executionId, run: meta.run }, work));
      if (!isSent && ref.kind !== 'settle')
        violated(`a batch was handled, and ${executionId} has not sent what it decided: ${work}`);
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

function isKnown(plan: Plan, state: ExecutionState, node: string, visit: number): boolean {
  const index = findNode(plan, node)?.index;
  if (index === undefined) return false;
  if (state.kind === 'graph') return [state.succeeded, state.failed, state.skipped].some((set) => hasBit(set, index));
  return state.position?.node !== index || state.position.visit !== visit || state.failedVisit?.node === index;
}
