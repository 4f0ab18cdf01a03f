import type { Definition, NodeDefinition } from '../model/definition.ts';
import type { NodeId } from '../model/ids.ts';
import { targetsOf } from './compile-fields.ts';

type Report = (path: string, code: string, message: string) => void;

/** By node index, what each waits for, in written order; names of nodes that there are not are passed over. */
export function parentsOf(
  { strategy }: Definition,
  entries: readonly [NodeId, NodeDefinition][],
  indexOf: ReadonlyMap<string, number>,
): number[][] {
  switch (strategy) {
    case 'sequential':
      return entries.map((_entry, index) => (index === 0 ? [] : [index - 1]));
    case 'parallel': {
      const namedBy = new Int32Array(entries.length).fill(-1);
      return entries.map(([, { dependsOn = [] }], index) => {
        const parents: number[] = [];
        for (const id of dependsOn) {
          const parent = indexOf.get(id);
          if (parent === undefined || namedBy[parent] === index) continue;
          namedBy[parent] = index;
          parents.push(parent);
        }
        return parents;
      });
    }
    case 'conditional':
      return entries.map(() => []);
  }
}

/** Parents before children. */
export function inOrder(parents: readonly (readonly number[])[], children: readonly (readonly number[])[]): number[] {
  const waiting = Uint32Array.from(parents, ({ length }) => length);
  const order: number[] = [];
  waiting.forEach((count, index) => {
    if (count === 0) order.push(index);
  });
  for (const index of order) {
    for (const child of children[index] ?? []) {
      const left = (waiting[child] ?? 0) - 1;
      waiting[child] = left;
      if (left === 0) order.push(child);
    }
  }
  return order;
}

/** Depth first, without recursion: workflows may be 100,000 nodes deep. */
export function reportCycle(
  entries: readonly [NodeId, NodeDefinition][],
  parents: readonly number[][],
  report: Report,
): void {
  const OPEN = 1;
  const CLOSED = 2;
  const mark = new Uint8Array(entries.length);
  const looked = new Uint32Array(entries.length);
  for (let root = 0; root < entries.length; root++) {
    if (mark[root] !== 0) continue;
    const path = [root];
    mark[root] = OPEN;
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const at = looked[node] ?? 0;
      looked[node] = at + 1;
      const parent = parents[node]?.[at];
      if (parent === undefined) {
        mark[node] = CLOSED;
        path.pop();
      } else if (mark[parent] === OPEN) {
        const cycle = path.slice(path.indexOf(parent)).map((member) => entries[member]?.[0]);
        const names = [...cycle, cycle[0]].reverse();
        report(
          `nodes.${names[0]}.dependsOn`,
          'CYCLE',
          `closes a cycle: ${names.join(' → ')}. Loops need the strategy 'conditional'`,
        );
        return;
      } else if (mark[parent] === 0) {
        mark[parent] = OPEN;
        path.push(parent);
      }
    }
  }
}

/** Reports nodes that no way leads to. */
export function reportUnreachable(
  entries: readonly [NodeId, NodeDefinition][],
  indexOf: ReadonlyMap<string, number>,
  start: number,
  report: Report,
): void {
  const reached = new Set([start]);
  for (const index of reached) {
    const node = entries[index]?.[1];
    if (node === undefined) continue;
    for (const [, target] of targetsOf(node)) {
      const next = indexOf.get(target);
      if (next !== undefined) reached.add(next);
    }
  }
  for (const [index, [id]] of entries.entries()) {
    if (!reached.has(index)) {
      report(
        `nodes.${id}`,
        'UNREACHABLE_NODE',
        `cannot be reached from '${entries[start]?.[0]}'. If a handler routes there, list it in that node's mayRouteTo`,
      );
    }
  }
}
