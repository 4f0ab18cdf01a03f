import { decide } from '../../shared/core/decide.ts';
import type { CoreEvent, WorkRef } from '../../shared/core/events.ts';
import { initialState } from '../../shared/core/initial-state.ts';
import { nodeAt, type Plan } from '../../shared/core/plan.ts';
import type { Json } from '../../shared/model/json.ts';
import type { ExecutionState } from '../../shared/model/state.ts';
import { aPlan } from './factories.ts';

type Status = 'SUCCEEDED' | 'FAILED' | 'SKIPPED';

/** Decides step by step, with ids in place of numbers. Work reads `a`, `plan m`, `m[3]`, `collect m`, `settle`. */
export class Deciding {
  readonly plan: Plan;
  state: ExecutionState;

  constructor(nodes: { readonly [id: string]: Json }, definition: { readonly [field: string]: Json } = {}, limit = 10) {
    this.plan = aPlan(nodes, definition);
    this.state = initialState(this.plan, limit);
  }

  /** Decides on what happened, and gives what is to be sent for the first time. */
  on(...events: CoreEvent[]): string[] {
    const { state, dispatch } = decide(this.plan, this.state, events);
    this.state = state;
    return dispatch.map((ref) => this.name(ref));
  }

  /** Gives what is to be sent again. */
  againOn(...events: CoreEvent[]): string[] {
    const { state, resend } = decide(this.plan, this.state, events);
    this.state = state;
    return resend.map((ref) => this.name(ref));
  }

  settled(
    id: string,
    status: Status = 'SUCCEEDED',
    { visit = 1, next = null }: { visit?: number; next?: string | null } = {},
  ): CoreEvent {
    return { type: 'settled', node: this.index(id), visit, status, next: next === null ? null : this.index(next) };
  }

  planned(id: string, chunks: number, { items = chunks, visit = 1 } = {}): CoreEvent {
    return { type: 'mapPlanned', node: this.index(id), visit, items, chunks };
  }

  chunk(id: string, chunk: number, { failedItems = 0, visit = 1 } = {}): CoreEvent {
    return { type: 'chunkSettled', node: this.index(id), visit, chunk, failedItems };
  }

  work(id: string): WorkRef {
    return { kind: 'node', node: this.index(id), visit: 1 };
  }

  get ending(): string | undefined {
    return this.state.ending?.status;
  }

  get failedNode(): string | undefined {
    const failed = this.state.ending?.failedVisit;
    return failed === undefined ? undefined : nodeAt(this.plan, failed.node).id;
  }

  index(id: string): number {
    const index = this.plan.indexOf.get(id);
    if (index === undefined) throw new Error(`There is no ${id}`);
    return index;
  }

  name(ref: WorkRef): string {
    if (ref.kind === 'settle') return 'settle';
    const { id } = nodeAt(this.plan, ref.node);
    const visit = ref.visit > 1 ? `@${ref.visit}` : '';
    if (ref.kind === 'chunk') return `${id}${visit}[${ref.chunk}]`;
    return ref.kind === 'node' ? `${id}${visit}` : `${ref.kind} ${id}${visit}`;
  }
}
