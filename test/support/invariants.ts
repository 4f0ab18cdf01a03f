import { fromRanges, hasBit, membersOf } from '../../shared/core/bits.ts';
import { startsOf } from '../../shared/core/hand-off.ts';
import { firstWork, openWork } from '../../shared/core/open-work.ts';
import { nodeAt, type Plan } from '../../shared/core/plan.ts';
import { encodeWork } from '../../shared/core/work-list.ts';
import type { Definition } from '../../shared/model/definition.ts';
import { ChunkItem, MapItem, ResultItem, StateItem } from '../../shared/model/items.ts';
import { TaskMessage } from '../../shared/model/message.ts';
import { isTerminal } from '../../shared/model/result.ts';
import type { ExecutionState } from '../../shared/model/state.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { itemType } from '../../shared/store/keys.ts';
import { mayRun, parentsOf, ruleOf, type Status } from './oracle-graph.ts';

/** Watches one execution, change by change and message by message, and notes what must never be. */
export class Invariants {
  readonly violations: string[] = [];
  readonly #plan: Plan;
  readonly #limit: number;
  /** Work some saved state has dispatched, and work that was sent. */
  readonly #decided = new Set<string>();
  readonly #sent = new Set<string>();
  /** Names of settled work; a node's own name once it has a result. */
  readonly #settled = new Set<string>();
  readonly #statuses = new Map<string, Status>();
  readonly #handling = new Map<string, number>();
  /** By node, its last visit that ended. */
  readonly #entered = new Map<string, number>();
  #run = 1;
  /** The run of which it is known what stood as it began. */
  #knownRun = 1;
  maxHandling = 0;

  constructor(plan: Plan, limit: number) {
    this.#plan = plan;
    this.#limit = limit;
  }

  onChange({ key, before, after }: ChangeRecord): void {
    if (after === undefined) {
      this.#violated(`${key.sk} was deleted`);
      return;
    }
    const type = itemType(key.sk);
    if (type === 'META') {
      const [earlier, later] = [before === undefined ? undefined : parseMeta(before), parseMeta(after)];
      if (earlier !== undefined && later.run > earlier.run) this.#onRedrive();
      else if (earlier !== undefined && isTerminal(earlier.status)) this.#violated('META changed after the end');
      if (earlier === undefined && later.isHandedOff === true)
        for (const node of startsOf(this.#plan)) this.#onHandOff(node, 1);
    } else if (type === 'STATE') {
      this.#onState(before === undefined ? undefined : StateItem.parse(before).state, StateItem.parse(after).state);
    } else if (before !== undefined) {
      this.#violated(`${key.sk} was written twice`);
    } else if (type === 'RESULT') {
      const result = ResultItem.parse(after);
      const { node, visit, status, run } = result;
      if (run < this.#run) return;
      this.#settled.add(`${node} ${visit}`);
      this.#statuses.set(node, status);
      this.#entered.set(node, visit);
      for (const next of fromRanges(result.handedOff ?? '')) {
        const id = nodeAt(this.#plan, next).id;
        this.#onHandOff(next, this.#plan.kind === 'graph' ? 1 : (this.#entered.get(id) ?? 0) + 1);
      }
    } else if (type === 'MAP') {
      const { node, visit, run } = MapItem.parse(after);
      if (run === this.#run) this.#settled.add(`${node} ${visit} plan`);
    } else if (type === 'CHUNK') {
      const { node, visit, chunk, run } = ChunkItem.parse(after);
      if (run === this.#run) this.#settled.add(`${node} ${visit} ${chunk}`);
    }
  }

  /** A message that a queue accepted. */
  onSend(body: string): void {
    const message = TaskMessage.parse(JSON.parse(body));
    if (message.kind === 'settle' || message.run < this.#run) return;
    const part = message.kind === 'chunk' ? ` ${message.chunk}` : message.kind === 'node' ? '' : ` ${message.kind}`;
    const name = `${message.node} ${message.visit}${part}`;
    if (!this.#decided.has(name)) this.#violated(`${name} was sent before a state that says so was saved`);
    this.#sent.add(name);
    const open = [...this.#sent].filter((other) => this.#isOpen(other));
    if (open.length > this.#limit)
      this.#violated(`${open.length} are sent and unsettled, ${this.#limit} may: ${open.join(', ')}`);
  }

  onHandlerStart(visit: string): void {
    this.#handling.set(visit, (this.#handling.get(visit) ?? 0) + 1);
    const handling = [...this.#handling].filter(([name, count]) => count > 0 && this.#isOpen(name)).length;
    this.maxHandling = Math.max(this.maxHandling, handling);
    if (handling > this.#limit) this.#violated(`${handling} handlers run for unsettled visits, ${this.#limit} may`);
  }

  onHandlerEnd(visit: string): void {
    this.#handling.set(visit, Math.max(0, (this.#handling.get(visit) ?? 0) - 1));
  }

  /** A start, or a result, that names what its writer is to start. */
  #onHandOff(node: number, visit: number): void {
    const { kind } = firstWork(this.#plan, node);
    const name = `${nodeAt(this.#plan, node).id} ${visit}${kind === 'node' ? '' : ` ${kind}`}`;
    this.#decided.add(name);
    this.#checkRule(name);
  }

  /** What stands and what runs anew the first state of the run tells. */
  #onRedrive(): void {
    this.#run++;
    for (const names of [this.#decided, this.#sent, this.#settled]) names.clear();
    for (const visits of [this.#handling, this.#statuses]) visits.clear();
  }

  #onState(before: ExecutionState | undefined, after: ExecutionState): void {
    const open = this.#openIn(after);
    if (after.inFlight > this.#limit) this.#violated(`inFlight is ${after.inFlight}, the limit ${this.#limit}`);
    if (open.size !== after.inFlight)
      this.#violated(`inFlight is ${after.inFlight}, open are ${[...open].join(', ') || 'none'}`);
    if (this.#knownRun < this.#run && after.run === this.#run) this.#onKept(after);
    const isSameRun = before?.run === after.run;
    // It may go on, and come to its next point.
    const isPausedStill = after.paused && before?.passedPoints.length === after.passedPoints.length;
    if (isSameRun && before !== undefined) this.#onMaps(before, after);
    const earlier = before === undefined || !isSameRun ? new Set<string>() : this.#openIn(before);
    for (const name of open) {
      if (earlier.has(name)) continue;
      if (isSameRun && (before?.stop !== undefined || before?.ending !== undefined) && !this.#decided.has(name))
        this.#violated(`${name} was dispatched after the stop`);
      if (isSameRun && before?.paused === true && isPausedStill && !this.#decided.has(name))
        this.#violated(`${name} was dispatched in a pause`);
      this.#decided.add(name);
      if (after.run === this.#run) this.#checkRule(name);
    }
  }

  /** Results of earlier runs that a redrive kept. What is skipped because of others follows from them. */
  #onKept(state: ExecutionState): void {
    this.#knownRun = this.#run;
    if (state.kind !== 'graph') return;
    const kept = [
      ['SUCCEEDED', state.succeeded],
      ['FAILED', state.failed],
      ['SKIPPED', state.skipped],
    ] as const;
    for (const [status, set] of kept)
      for (const index of membersOf(set)) {
        const { id } = nodeAt(this.#plan, index);
        if (hasBit(state.dispatched, index) && !this.#statuses.has(id)) this.#statuses.set(id, status);
      }
  }

  /** Chunks of a map at once, and none more of one that is known to have failed. */
  #onMaps(before: ExecutionState, { maps }: ExecutionState): void {
    for (const [node, map] of Object.entries(maps)) {
      const { definition, id } = nodeAt(this.#plan, Number(node));
      if (definition.type !== 'map') continue;
      const { maxConcurrency = Number.POSITIVE_INFINITY, toleratedFailureCount: count = 0 } = definition;
      const tolerated = Math.max(count, Math.floor((map.items * (definition.toleratedFailurePercentage ?? 0)) / 100));
      if (map.inFlight > maxConcurrency)
        this.#violated(`${map.inFlight} chunks of ${id} are open, ${maxConcurrency} may`);
      const earlier = before.maps[node];
      if (earlier?.visit !== map.visit) continue;
      if (earlier.failedItems > tolerated && map.next > earlier.next)
        this.#violated(`${id} has failed ${earlier.failedItems} times, ${tolerated} may, and goes on`);
    }
  }

  #openIn(state: ExecutionState): Set<string> {
    // A route that failed stays where it is.
    if (state.kind === 'route' && state.failedVisit !== undefined) return new Set();
    const { stop: _ignored, ...going } = state;
    return new Set(
      openWork(this.#plan, going as ExecutionState).map((ref) => {
        if (ref.kind === 'settle') return encodeWork([ref]);
        const node = this.#plan.nodes[ref.node]?.id;
        return `${node} ${ref.visit}${ref.kind === 'chunk' ? ` ${ref.chunk}` : ref.kind === 'node' ? '' : ` ${ref.kind}`}`;
      }),
    );
  }

  #isOpen(name: string): boolean {
    const [node, visit] = name.split(' ');
    return !this.#settled.has(name) && !this.#settled.has(`${node} ${visit}`);
  }

  #checkRule(name: string): void {
    if (this.#plan.kind !== 'graph' || this.#knownRun !== this.#run) return;
    const [id = ''] = name.split(' ');
    const { definition } = this.#plan;
    const statuses = parentsOf(definition, id).map((parent) => this.#statusOf(definition, parent));
    if (mayRun(ruleOf(definition, id), statuses) !== true)
      this.#violated(`${id} was dispatched while its parents were ${statuses.join(', ')}`);
  }

  #statusOf(definition: Definition, id: string): Status | undefined {
    const standing = this.#statuses.get(id);
    if (standing !== undefined) return standing;
    const parents = parentsOf(definition, id).map((parent) => this.#statusOf(definition, parent));
    return mayRun(ruleOf(definition, id), parents) === false ? 'SKIPPED' : undefined;
  }

  #violated(what: string): void {
    this.violations.push(what);
  }
}
