import * as z from 'zod';

/** Attempts of a node: those that have all that is said here. What is left out may be anything. */
export const Place = z.strictObject({
  node: z.string().min(1),
  /** From 1. */
  attempt: z.int().min(1).optional(),
  /** From 1; only loops visit a node again. */
  visit: z.int().min(1).optional(),
  /** An item's place in a map, from 0. */
  item: z.int().min(0).optional(),
});

export interface Place<NodeId extends string = string> {
  readonly node: NodeId;
  /** From 1. Default: any. */
  readonly attempt?: number | undefined;
  /** From 1; only loops visit a node again. Default: any. */
  readonly visit?: number | undefined;
  /** An item's place in a map, from 0. Default: any. */
  readonly item?: number | undefined;
}

/** One attempt, as it is made. */
export interface AttemptPlace {
  readonly node: string;
  readonly attempt: number;
  readonly visit: number;
  readonly item: number | undefined;
}

export const isAt = ({ node, attempt, visit, item }: Place, at: Omit<AttemptPlace, 'attempt'> & { attempt?: number }) =>
  node === at.node &&
  (attempt === undefined || attempt === at.attempt) &&
  (visit === undefined || visit === at.visit) &&
  (item === undefined || item === at.item);

/** `charge, attempt 2`: for messages. */
export const placeText = ({ node, visit, item, attempt }: Place): string =>
  [
    `'${node}'`,
    ...(visit === undefined ? [] : [`visit ${visit}`]),
    ...(item === undefined ? [] : [`item ${item}`]),
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
  ].join(', ');
