import { checkTimeZone, parseRate } from '../../shared/core/cron-expression.ts';
import { FanjoinError } from '../../shared/errors.ts';
import { nextCronRun } from './cron-runs.ts';
import type { EventRouter } from './event-router.ts';
import { type EventTargetsOptions, type InputTarget, inputTarget } from './event-targets.ts';
import type { LocalResource } from './read-resources.ts';
import { scheduleArn } from './references.ts';
import type { ScheduleProperties } from './resource-schemas.ts';

/** When a schedule is due after a time; `undefined`: never again. */
type NextRun = (afterMs: number) => number | undefined;

/** What a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The schedules of EventBridge Scheduler: takes each one's input to its target whenever it is due. */
export class Schedules {
  readonly #router: EventRouter;
  readonly #byLabel: ReadonlyMap<
    string,
    { readonly arn: string; readonly input: string; readonly target: InputTarget }
  >;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** @throws {FanjoinError} `UNKNOWN_SCHEDULE`, `INVALID_SCHEDULE`, `UNKNOWN_REFERENCE` */
  constructor(options: EventTargetsOptions, router: EventRouter) {
    this.#router = router;
    const { schedules } = options.resources;
    this.#byLabel = new Map(
      schedules.map(({ id, label, properties: { Target, ScheduleExpression: on, State } }) => {
        const target = inputTarget(Target.Arn, options);
        const [watched = target] =
          options.activity?.watch({ name: label, on, isEnabled: State === 'ENABLED' }, [target]) ?? [];
        return [label, { arn: scheduleArn(id), input: Target.Input, target: watched }];
      }),
    );
    const startedMs = Date.now();
    for (const { label, nextRun } of schedules.flatMap((schedule) => runsOf(schedule, startedMs)))
      this.#arm(label, nextRun, startedMs - 1);
  }

  /**
   * Does now what a schedule does when it is due.
   * @param atMs the time it was due
   * @throws {FanjoinError} `UNKNOWN_SCHEDULE`: there is none of this name
   */
  fire(label: string, atMs: number): void {
    const schedule = this.#byLabel.get(label);
    if (schedule === undefined) {
      const there = [...this.#byLabel.keys()].join(', ');
      throw new FanjoinError('UNKNOWN_SCHEDULE', `There is no schedule '${label}' here; there are: ${there}`);
    }
    const { arn, input, target } = schedule;
    this.#router.deliver(target, withAttributes(input, arn, atMs));
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #arm(label: string, nextRun: NextRun, afterMs: number): void {
    const dueMs = nextRun(afterMs);
    if (dueMs === undefined) return;
    const leftMs = dueMs - Date.now();
    const timer = setTimeout(
      () => {
        if (leftMs > MAX_TIMER_MS) return this.#arm(label, nextRun, afterMs);
        this.fire(label, dueMs);
        // What it has slept through, with the machine, is left out.
        this.#arm(label, nextRun, Math.max(dueMs, Date.now() - 1));
      },
      Math.min(Math.max(0, leftMs), MAX_TIMER_MS),
    );
    this.#timers.set(label, timer);
  }
}

/** What is never due is left out. */
function runsOf(
  { id, label, properties }: LocalResource<ScheduleProperties>,
  startedMs: number,
): { label: string; nextRun: NextRun }[] {
  const { ScheduleExpression, ScheduleExpressionTimezone: timeZone, State } = properties;
  const [, kind, text = ''] = /^(rate|cron)\((.*)\)$/.exec(ScheduleExpression) ?? [];
  if (kind === undefined)
    throw new FanjoinError(
      'UNKNOWN_SCHEDULE',
      `${id}: only rate(…) and cron(…) are done locally: ${ScheduleExpression}`,
    );
  checkTimeZone(timeZone);
  const nextRun: NextRun =
    kind === 'cron' ? (afterMs) => nextCronRun(text, timeZone, afterMs) : everyMs(parseRate(text), startedMs);
  // Read, also where it is off: what is wrong with it is told.
  nextRun(startedMs);
  return State === 'ENABLED' ? [{ label, nextRun }] : [];
}

/** A rate without a start date begins at once. */
const everyMs =
  (intervalMs: number, startedMs: number): NextRun =>
  (afterMs) =>
    startedMs + Math.max(0, Math.floor((afterMs - startedMs) / intervalMs) + 1) * intervalMs;

/** @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
function withAttributes(input: string, arn: string, atMs: number): unknown {
  const attributes: Readonly<Record<string, string>> = {
    'schedule-arn': arn,
    'scheduled-time': `${new Date(atMs).toISOString().slice(0, -'.000Z'.length)}Z`,
    'execution-id': `${arn}#${atMs}`,
    'attempt-number': '1',
  };
  const text = input.replace(/<aws\.scheduler\.([a-z-]+)>/g, (whole, name: string) => attributes[name] ?? whole);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
