import * as z from 'zod';
import { zodIssues } from '../core/zod-issues.ts';
import { InvalidInputError } from '../errors.ts';
import { type AttemptPlace, isAt, Place, placeText } from './place.ts';

const Injected = Place.extend({
  times: z.int().min(1).optional(),
  delayMs: z.number().min(0).optional(),
  error: z.instanceof(Error, { error: 'is no Error: give what the handler would throw' }).optional(),
  timeout: z.literal(true).optional(),
  crash: z.enum(['before', 'after']).optional(),
}).refine(
  ({ error, timeout, crash, delayMs }) => {
    const effects = [error, timeout, crash].filter((effect) => effect !== undefined).length;
    return effects === 1 || (effects === 0 && delayMs !== undefined);
  },
  { error: 'must say what happens by one of error, timeout and crash, by delayMs, or by delayMs and one of them' },
);
type Injected = z.infer<typeof Injected>;

type Effect =
  /** The handler throws it, without being called. */
  | { readonly error: Error }
  /** The handler does not settle: its node times out, or its execution stops. */
  | { readonly timeout: true }
  /**
   * The runner dies `before` the handler is called, or `after` it is done and before its result is kept. Its message comes
   * again; after five deliveries the node fails with `RunnerCrashed`.
   */
  | { readonly crash: 'before' | 'after' }
  | { readonly delayMs: number };

/** Something that goes wrong in attempts of a node's own handler; its fallback is left alone. */
export type Failure<NodeId extends string = string> = Place<NodeId> & {
  /** At most so often. Default: every time it fits; for a crash, once. */
  readonly times?: number;
  /** So much time goes by first. */
  readonly delayMs?: number;
} & Effect;

/** The failures a test wants, and which of them have happened. */
export class Failures {
  readonly #rules: readonly { readonly failure: Injected; readonly times: number; happened: number }[];

  /** @throws {InvalidInputError} */
  constructor(failures: readonly unknown[]) {
    const parsed = z.array(Injected).safeParse(failures);
    if (!parsed.success) throw new InvalidInputError('The list of failures', zodIssues(parsed.error));
    this.#rules = parsed.data.map((failure) => ({
      failure,
      times: failure.times ?? (failure.crash === undefined ? Number.POSITIVE_INFINITY : 1),
      happened: 0,
    }));
  }

  get nodes(): string[] {
    return this.#rules.map(({ failure }) => failure.node);
  }

  /**
   * The first failure that is to happen at this attempt, which counts as having happened.
   * @param isBefore only one that happens before the handler is called, or only any other
   */
  take(at: AttemptPlace, isBefore: boolean): Injected | undefined {
    const rule = this.#rules.find(
      ({ failure, times, happened }) =>
        (failure.crash === 'before') === isBefore && happened < times && isAt(failure, at),
    );
    if (rule === undefined) return undefined;
    rule.happened++;
    return rule.failure;
  }

  /** Lines on those that never happened. */
  get unused(): string[] {
    return this.#rules
      .filter(({ happened }) => happened === 0)
      .map(({ failure }) => `${effectOf(failure)} at ${placeText(failure)}`);
  }
}

function effectOf({ error, timeout, crash, delayMs }: Injected): string {
  if (error !== undefined) return `${error.name} (${error.message})`;
  if (timeout !== undefined) return 'the timeout';
  return crash === undefined ? `the delay of ${delayMs} ms` : `the crash ${crash} the handler`;
}
