import type { PeerWork } from './peer-costs.ts';

/** A workload whose cost is told, and what the same work is elsewhere. */
export interface CostWorkload {
  readonly title: string;
  /** As `npm run bench` takes it. */
  readonly workload: string;
  /** What is told is so many times what is measured. @default 1 */
  readonly times?: number;
  readonly elsewhere: PeerWork;
}

/** In the order they are told in. Every handler gives back some bytes. */
export const COST_WORKLOADS: readonly CostWorkload[] = [
  {
    title: 'chain of 10',
    workload: 'chain:10',
    elsewhere: { calls: 10, transitions: 10, depth: 10, operations: 11, withContexts: 11 },
  },
  {
    title: 'diamond',
    workload: 'diamond',
    elsewhere: { calls: 4, transitions: 5, depth: 3, operations: 5, withContexts: 8 },
  },
  {
    title: 'chain of 3, 4 KB of JSON each',
    workload: 'payload:4',
    elsewhere: { calls: 3, transitions: 3, depth: 3, operations: 4, withContexts: 4, bytes: 4_096 },
  },
  {
    title: 'fan-out of 100 and join',
    workload: 'fan-out:100',
    elsewhere: { calls: 101, transitions: 102, depth: 2, operations: 102, withContexts: 203 },
  },
  {
    title: 'map of 10,000',
    // A tenth of it: the whole takes minutes, and grows with the items.
    workload: 'map:1000',
    times: 10,
    elsewhere: { calls: 10_000, transitions: 10_001, depth: 1, operations: 10_001, withContexts: 20_002 },
  },
  {
    title: 'map of 10,000, in chunks of 100',
    workload: 'map:10000/100',
    elsewhere: { calls: 100, transitions: 101, depth: 1, operations: 101, withContexts: 202 },
  },
];
