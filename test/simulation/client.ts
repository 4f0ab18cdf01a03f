import type { ExecutionService } from '../../shared/executor/execution-service.ts';
import { ExecutionId, NodeId } from '../../shared/model/ids.ts';
import { type MetaItem, StateItem } from '../../shared/model/items.ts';
import { isTerminal } from '../../shared/model/result.ts';
import { parseMeta } from '../../shared/store/execution-store.ts';
import { metaKey, stateKey } from '../../shared/store/keys.ts';
import type { Answer, Request } from './deployed.ts';
import { endedVisits } from './ended-visits.ts';
import type { Control, PlannedExecution, Scenario } from './scenario.ts';
import type { Transition } from './transitions.ts';
import type { World } from './world.ts';

/** A client that gets no answer asks again, so often; longer than any fault lasts. */
const TRIES = 100;
const PAUSE_MS = 700;
const MAX_PAUSE_MS = 10_000;
const LOOK_MS = 20_000;
/** Nobody looks at what could not be settled for so long. */
const MAX_UNSEEN_MS = 20 * 60_000;
/** After the end of all, so long nothing new may come of it. */
const AFTERMATH_MS = 130_000;

/** What users ask of an execution, by which of its transitions it shows, and when it can be. */
const CONTROLS: Readonly<
  Record<
    'pause' | 'resume' | 'cancel' | 'redrive',
    {
      readonly ask: (service: ExecutionService, executionId: string) => Promise<void>;
      readonly does: Transition;
      readonly isPossible: (meta: MetaItem) => boolean;
    }
  >
> = {
  pause: {
    ask: (service, executionId) => service.pause(executionId),
    does: 'paused',
    isPossible: ({ status, stop }) => status === 'RUNNING' && stop === undefined,
  },
  resume: {
    ask: (service, executionId) => service.resume(executionId),
    does: 'resumed',
    isPossible: ({ status, stop }) => status === 'PAUSED' && stop === undefined,
  },
  cancel: {
    ask: (service, executionId) => service.cancel(executionId),
    does: 'stopped',
    isPossible: ({ status, stop }) => !isTerminal(status) && stop === undefined,
  },
  redrive: {
    ask: (service, executionId) => service.redrive(executionId),
    does: 'redriven',
    isPossible: ({ status }) => isTerminal(status) && status !== 'SUCCEEDED',
  },
};

/**
 * Whoever uses the executor: starts what the scenario says, asks for its controls at their times; and, once they are
 * through, resumes what is paused and redrives what did not succeed, so that everything comes to an end.
 */
export class Client {
  readonly #world: World;
  readonly #scenario: Scenario;
  /** Ids of all that was started, or made from a checkpoint. */
  readonly executionIds = new Set<string>();
  readonly #redriven = new Map<string, number>();
  #pending = 0;
  #lastActMs = 0;
  #quietSinceMs: number | undefined;
  #isDone = false;
  #isRedriving = false;

  /** @param controls those of the scenario that are to happen */
  constructor(world: World, scenario: Scenario, controls: readonly Control[]) {
    this.#world = world;
    this.#scenario = scenario;
    for (const execution of scenario.executions) this.#at(execution.startAtMs, () => this.#start(execution));
    for (const control of controls) this.#at(control.atMs, () => this.#act(control));
    world.onEnding = (executionId) => this.#cancelSoon(executionId);
    world.onEnd = (executionId) => this.#redriveSoon(executionId);
    this.#look();
  }

  /** Everything has ended, and nothing of it is under way any more. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Everything has ended, and what is left of it comes to rest; or somebody is still to ask for something. */
  get isResting(): boolean {
    return this.#pending > 0 || this.#quietSinceMs !== undefined;
  }

  /** When somebody last asked for anything, since the beginning. */
  get lastActMs(): number {
    return this.#lastActMs;
  }

  metaOf(executionId: string): MetaItem | undefined {
    const item = this.#world.table.get(metaKey(ExecutionId.parse(executionId)));
    return item === undefined ? undefined : parseMeta(item);
  }

  #at(atMs: number, act: () => Promise<void>): void {
    this.#pending++;
    this.#world.loop.after(atMs, () => {
      void act().finally(() => {
        this.#pending--;
      });
    });
  }

  async #start({ executionId, definition, input, config }: PlannedExecution): Promise<void> {
    const failed = new Set([...this.executionIds].filter((id) => this.#hasFailed(id)));
    const answer = await this.#ask(async (service) =>
      service.start({ definition, input, executionId, ...(config !== undefined && { config }) }),
    );
    if (answer === undefined || 'refused' in answer)
      return this.#world.violated(`the start of ${executionId} was refused: ${answer?.refused ?? 'no answer'}`);
    const { executionId: started } = answer.value as { executionId: string };
    if (started !== executionId && failed.has(started) && this.#hasFailed(started))
      this.#world.violated(`the start of ${executionId} was told of ${started}, which had failed`);
    this.executionIds.add(started);
  }

  #hasFailed(executionId: string): boolean {
    const status = this.metaOf(executionId)?.status;
    return status !== undefined && status !== 'SUCCEEDED' && isTerminal(status);
  }

  async #act({ kind, executionId, choice }: Control): Promise<void> {
    switch (kind) {
      case 'pause':
      case 'resume':
      case 'cancel':
      case 'redrive':
        return this.#control(kind, executionId);
      case 'pauseBefore': {
        const nodes = Object.keys(this.#definitionOf(executionId)?.nodes ?? {});
        const before = NodeId.parse(nodes[Math.floor(choice * nodes.length)]);
        await this.#ask((service) => service.pause(executionId, { before }));
        return;
      }
      case 'resumeCheckpoint':
        return this.#resumeCheckpoint(executionId, choice);
      case 'adopt':
        return this.#world.adopt(ExecutionId.parse(executionId));
      case 'startAgain': {
        const again = this.#scenario.executions.find((planned) => planned.executionId === executionId);
        if (again !== undefined) await this.#start(again);
        return;
      }
    }
  }

  /** What is answered has been done; what is refused could not be. */
  async #control(kind: keyof typeof CONTROLS, executionId: string): Promise<void> {
    const { loop, transitions } = this.#world;
    const { ask, does, isPossible } = CONTROLS[kind];
    const sinceMs = loop.elapsedMs;
    const couldBe = (): boolean => {
      const meta = this.metaOf(executionId);
      return meta !== undefined && isPossible(meta);
    };
    const couldBefore = couldBe();
    const answer = await this.#ask((service) => ask(service, executionId));
    if (answer === undefined) return this.#world.violated(`a ${kind} of ${executionId} got no answer`);
    if ('value' in answer && !transitions.hasSince(sinceMs, executionId, does))
      this.#world.violated(`a ${kind} of ${executionId} was answered, and nothing was ${does}`);
    if ('refused' in answer && couldBefore && couldBe() && !transitions.hasSince(sinceMs, executionId))
      this.#world.violated(`a ${kind} of ${executionId} was refused: ${answer.refused}`);
  }

  async #resumeCheckpoint(executionId: string, choice: number): Promise<void> {
    const listed = await this.#ask((service) => service.checkpoints(executionId));
    if (listed === undefined || 'refused' in listed) return;
    const checkpoints = listed.value as { checkpointId: string; finishedNodes: number }[];
    const checkpoint = checkpoints[Math.floor(choice * checkpoints.length)];
    if (checkpoint === undefined) return;
    const newId = ExecutionId.parse(
      `${executionId}-from-${checkpoint.checkpointId.split('.').at(-1)}-${Math.floor(choice * 1e6)}`,
    );
    const finished = () => this.#finished(executionId);
    const before = finished();
    const answer = await this.#ask((service) => service.resumeCheckpoint(checkpoint.checkpointId, newId));
    if (answer === undefined || !('value' in answer)) return;
    const { executionId: goneOn } = answer.value as { executionId: string };
    if (goneOn === executionId && before > checkpoint.finishedNodes && !this.#redriven.has(executionId))
      this.#world.violated(
        `${checkpoint.checkpointId} was resumed by ${executionId} itself, of which ${before} visits had ended, not ${checkpoint.finishedNodes}`,
      );
    this.executionIds.add(goneOn);
  }

  /** Visits that its state knows to have ended. */
  #finished(executionId: string): number {
    const item = this.#world.table.get(stateKey(ExecutionId.parse(executionId)));
    return item === undefined ? 0 : endedVisits(StateItem.parse(item).state);
  }

  #definitionOf(executionId: string) {
    return this.#scenario.executions.find((planned) => planned.executionId === executionId)?.definition;
  }

  /** Until there is an answer. */
  async #ask(request: Request): Promise<Answer | undefined> {
    const { api, loop } = this.#world;
    for (let tries = 1; tries <= TRIES; tries++) {
      this.#lastActMs = loop.elapsedMs;
      const outcome = await api.invoke(request);
      this.#lastActMs = loop.elapsedMs;
      if (outcome.ok) return outcome.result;
      await new Promise<void>((resolve) => void loop.after(Math.min(PAUSE_MS * tries, MAX_PAUSE_MS), resolve));
    }
    return undefined;
  }

  /** Some cancel what is about to end. */
  #cancelSoon(executionId: string): void {
    const { dice, isDisturbed } = this.#world;
    const site = `cancel ${executionId} ${this.#redriven.get(executionId) ?? 0}`;
    if (isDisturbed && dice.chance(site, 0.2))
      this.#at(dice.roll(`${site}/time`) * 20, () => this.#control('cancel', executionId));
  }

  /** Some do not wait: they redrive as soon as they see the end, while others still work on it. */
  #redriveSoon(executionId: string): void {
    const { dice } = this.#world;
    const site = `redrive ${executionId} ${this.#redriven.get(executionId) ?? 0}`;
    if (dice.chance(site, 0.5)) this.#at(dice.roll(`${site}/time`) * 150, async () => void this.#goOn(executionId));
  }

  #look(): void {
    const { loop } = this.#world;
    loop.after(LOOK_MS, () => {
      if (this.#pending === 0) this.#bringToEnd();
      if (!this.#isDone) this.#look();
    });
  }

  /** Somebody looks after the stack now and then: what nobody could settle is to be tried again. */
  #redriveUnsettled(): void {
    const { dice, loop, unsettled } = this.#world;
    if (unsettled.length === 0 || this.#isRedriving) return;
    this.#isRedriving = true;
    this.#at(dice.int(`letters ${loop.elapsedMs}`, 0, MAX_UNSEEN_MS), async () => {
      for (const pool of this.#scenario.pools) await this.#ask((_, deadLetters) => deadLetters.redrive(pool));
      this.#isRedriving = false;
    });
  }

  #bringToEnd(): void {
    const { loop, isQuiet } = this.#world;
    this.#redriveUnsettled();
    const open = [...this.executionIds].filter((executionId) => this.#goOn(executionId));
    if (open.length > 0) this.#quietSinceMs = undefined;
    else this.#quietSinceMs ??= loop.elapsedMs;
    if (this.#quietSinceMs !== undefined && loop.elapsedMs - this.#quietSinceMs >= AFTERMATH_MS) {
      this.#world.close();
      this.#isDone = isQuiet;
    }
  }

  /** Whether it is still under way; takes the step that it waits for. */
  #goOn(executionId: string): boolean {
    const meta = this.metaOf(executionId);
    if (meta === undefined) return true;
    if (meta.status === 'PAUSED') this.#at(0, () => this.#control('resume', executionId));
    if (!isTerminal(meta.status)) return true;
    const redriven = this.#redriven.get(executionId) ?? 0;
    if (meta.status === 'SUCCEEDED' || redriven >= this.#scenario.redrives) return false;
    this.#redriven.set(executionId, redriven + 1);
    this.#at(0, () => this.#control('redrive', executionId));
    return true;
  }
}
