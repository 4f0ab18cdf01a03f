import type { Advance } from '../../shared/model/config.ts';
import type { ChangeRecord } from '../../shared/ports/change-feed.ts';
import { genericHandlers } from '../support/generic-handlers.ts';
import { Client } from './client.ts';
import { endingProblems } from './ending.ts';
import type { Fault } from './faults.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { World } from './world.ts';

export interface SimulateOptions {
  /** How executions advance. Default: as the seed draws. */
  readonly advance?: Advance | undefined;
  /** Only these faults and controls, by their ids. Default: those the seed draws. */
  readonly exactly?: ReadonlySet<string> | undefined;
  readonly onTrace?: ((line: string) => void) | undefined;
  /** Told of each call of a port, by its site. */
  readonly onCall?: ((site: string) => void) | undefined;
  /** Told of each change of the table. */
  readonly onChange?: ((record: ChangeRecord) => void) | undefined;
}

export interface Report {
  readonly seed: number;
  /** What must never be, in the order in which it was. */
  readonly violations: readonly string[];
  readonly faults: readonly Fault[];
  /** Ids of controls that were asked for. */
  readonly controls: readonly string[];
  readonly steps: number;
  readonly virtualMs: number;
  readonly executions: number;
  /** How often what faults lead to was reached. */
  readonly reached: Readonly<Record<Reached, number>>;
  /** Handlers of different visits of one execution at once, at the most. */
  readonly maxHandling: number;
}

/** What must happen in many seeds, or they show nothing of it. */
export const REACHED = {
  tooOld: 'records that grew too old for the stream',
  triedTooOften: 'records that were tried too often',
  unsettled: 'messages that nobody could settle, redriven by people',
  told: 'events that the bus was told of',
  toldTwice: 'events that it was told of again',
} as const;
export type Reached = keyof typeof REACHED;

/** Beyond it a run does not end. */
const MAX_STEPS = 400_000;
/**
 * What an execution may take once nobody disturbs it any more, and nothing goes wrong: the longest chain of repairs is a
 * message that is delivered five times (28 minutes), given up, and a node after it whose message was lost (40 minutes until
 * the sweep, which looks every ten, calls it stalled); the rest is work, a minute of attempts and their backoff for each of its nodes.
 */
const END_WITHIN_MS = 85 * 60_000;
/**
 * So long nothing may move, once nobody disturbs anything any more: a message whose runner died comes again after five and
 * a half minutes, twice; what a record would have told a sweep finds within ten, or eleven if one is left out. Only messages
 * that are lost take longer, and what was parked in a pause of which the scheduler heard neither the beginning nor the end.
 */
const MOVE_WITHIN_MS = 22 * 60_000;

/** Runs a seed's world to its end, and says what was wrong. */
export const simulate = (seed: number, options: SimulateOptions = {}): Promise<Report> =>
  simulateScenario(scenarioOf(seed, options.advance), options);

/** The command that runs a seed again, bit for bit. */
export const replayOf = (seed: number, advance?: Advance): string =>
  `npm run simulate -- --seed ${seed}${advance === undefined ? '' : ` --advance ${advance}`}`;

export async function simulateScenario(
  scenario: Scenario,
  { exactly, onTrace, onCall, onChange }: SimulateOptions = {},
): Promise<Report> {
  const { seed, executions: _planned, controls, redrives: _redrives, always = [], faults, ...rest } = scenario;
  const given = exactly === undefined ? undefined : new Set([...exactly, ...always]);
  const world = new World({
    ...rest,
    seed,
    faults: { ...faults, exactly: given },
    handlers: genericHandlers,
    onTrace,
    onCall,
    onChange,
  });
  const wanted = exactly === undefined ? controls : controls.filter(({ id }) => exactly.has(id));
  const client = new Client(world, scenario, wanted);
  const { loop, violations } = world;
  while (violations.length === 0 && !client.isDone) {
    if (!(await loop.step())) break;
    if (loop.steps >= MAX_STEPS) world.violated(`it does not end: ${loop.steps} steps`);
    const lastMs = Math.max(client.lastActMs, world.faults.lastMs);
    const isLost = world.hasLost.message || world.hasLost.batch || world.hasLost.unsettled || world.hasLost.parked;
    if (
      !isLost &&
      !client.isResting &&
      loop.elapsedMs - Math.max(lastMs, world.movedAtMs) > MOVE_WITHIN_MS &&
      !world.isAwaited
    )
      world.violated(`nothing moves for ${MOVE_WITHIN_MS / 60_000} minutes: ${openIn(world, client)}`);
    if (loop.elapsedMs - lastMs > END_WITHIN_MS)
      world.violated(
        `something is open ${END_WITHIN_MS / 60_000} minutes after the last disturbance: ${openIn(world, client)}`,
      );
  }
  if (violations.length === 0)
    for (const problem of await endingProblems(world, scenario, client)) world.violated(problem);
  const givenUp = (why: string): number =>
    world.givenUp.reduce((sum, { condition, sequences }) => sum + (condition === why ? sequences.length : 0), 0);
  return {
    seed,
    violations,
    faults: world.faults.fired,
    controls: wanted.map(({ id }) => id),
    steps: loop.steps,
    virtualMs: loop.elapsedMs,
    executions: client.executionIds.size,
    reached: {
      tooOld: givenUp('RecordAgeExceeded'),
      triedTooOften: givenUp('RetryAttemptsExhausted'),
      unsettled: world.unsettledMessages,
      told: world.bus.told.events,
      toldTwice: world.bus.told.repeated,
    },
    maxHandling: Math.max(0, ...[...world.watch.executions.values()].map(({ maxHandling }) => maxHandling)),
  };
}

function openIn(world: World, client: Client): string {
  const executions = [...client.executionIds].map((id) => `${id} ${client.metaOf(id)?.status}`);
  const queues = [...world.queues].flatMap(([pool, { bodies }]) =>
    bodies.length === 0 ? [] : [`${pool}: ${bodies.length} messages`],
  );
  return [...executions, ...queues].join(', ');
}
