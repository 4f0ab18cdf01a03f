import { fromRanges, toRanges } from './bits.ts';
import type { WorkRef } from './events.ts';

/**
 * A list of work as one short text, as the state item records what a decision sent: `n:1:0-99;c:4:1:0-9;s` is nodes 0
 * to 99 (visit 1), chunks 0 to 9 of the map that is node 4 (visit 1), and the settle timer.
 */
export function encodeWork(work: readonly WorkRef[]): string {
  const groups = new Map<string, number[]>();
  const add = (group: string, member: number) => {
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [member]);
    else members.push(member);
  };
  for (const ref of work) {
    if (ref.kind === 'settle') groups.set('s', []);
    else if (ref.kind === 'chunk') add(`c:${ref.node}:${ref.visit}`, ref.chunk);
    else add(`${LETTER[ref.kind]}:${ref.visit}`, ref.node);
  }
  return [...groups]
    .map(([group, members]) => (members.length === 0 ? group : `${group}:${toRanges(members)}`))
    .join(';');
}

const LETTER = { node: 'n', plan: 'p', collect: 'j' } as const;
const KIND: Readonly<Record<string, 'node' | 'plan' | 'collect'>> = { n: 'node', p: 'plan', j: 'collect' };

/** What {@link encodeWork} wrote. */
export function decodeWork(text: string): WorkRef[] {
  if (text === '') return [];
  return text.split(';').flatMap((group): WorkRef[] => {
    const [letter = '', ...rest] = group.split(':');
    if (letter === 's') return [{ kind: 'settle' }];
    if (letter === 'c') {
      const [node, visit, chunks = ''] = rest;
      return Array.from(fromRanges(chunks), (chunk) => ({
        kind: 'chunk',
        node: Number(node),
        visit: Number(visit),
        chunk,
      }));
    }
    const kind = KIND[letter];
    const [visit, nodes = ''] = rest;
    if (kind === undefined) throw new TypeError(`A recorded send is of no known kind: ${group}`);
    return Array.from(fromRanges(nodes), (node) => ({ kind, node, visit: Number(visit) }));
  });
}
