/** Something that waits for others of its kind. */
export interface Dependent {
  readonly id: string;
  readonly parents: readonly string[];
}

/** All of them, each after its parents; those that wait for each other in a circle, and who waits for them, are left out. */
export function inOrder<T extends Dependent>(all: readonly T[]): T[] {
  const byId = new Map(all.map((one) => [one.id, one]));
  const waitsFor = new Map(all.map(({ id, parents }) => [id, parents.length]));
  const children = new Map<string, string[]>();
  for (const { id, parents } of all)
    for (const parent of parents) {
      const known = children.get(parent);
      if (known === undefined) children.set(parent, [id]);
      else known.push(id);
    }
  const ordered = all.filter(({ parents }) => parents.length === 0);
  for (const { id } of ordered)
    for (const child of children.get(id) ?? []) {
      const left = (waitsFor.get(child) ?? 0) - 1;
      waitsFor.set(child, left);
      const one = byId.get(child);
      if (left === 0 && one !== undefined) ordered.push(one);
    }
  return ordered;
}

/** Ids of those that no order holds for: a circle, and who waits for it. */
export function unorderable(all: readonly Dependent[]): string[] {
  const ordered = new Set(inOrder(all).map(({ id }) => id));
  return all.filter(({ id }) => !ordered.has(id)).map(({ id }) => id);
}
