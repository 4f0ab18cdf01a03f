import type { ExecutionHandle } from '../executor/execution-handle.ts';
import { isAt, type Place, placeText } from './place.ts';

/**
 * `starts`: before the node's handler is called, which waits for the action. `settled`: the result of a visit is kept; what
 * comes after it has not started.
 */
export type MomentName = 'starts' | 'settled';

/** Done once, at the first moment that fits. */
export type MomentAction = (handle: ExecutionHandle) => unknown;

interface Moment {
  readonly place: Place;
  readonly name: MomentName;
  readonly action: MomentAction;
  hasCome: boolean;
}

/** What a test wants to do at moments of an execution. */
export class Moments {
  readonly #moments: Moment[] = [];

  add(place: Place, name: MomentName, action: MomentAction): void {
    this.#moments.push({ place, name, action, hasCome: false });
  }

  /** The actions to be done now; none of them again. */
  take(name: MomentName, at: Parameters<typeof isAt>[1]): MomentAction[] {
    const come = this.#moments.filter((moment) => moment.name === name && !moment.hasCome && isAt(moment.place, at));
    for (const moment of come) moment.hasCome = true;
    return come.map(({ action }) => action);
  }

  get places(): { readonly node: string; readonly name: MomentName }[] {
    return this.#moments.map(({ place, name }) => ({ node: place.node, name }));
  }

  /** Lines on those that never came. */
  get unused(): string[] {
    return this.#moments
      .filter(({ hasCome }) => !hasCome)
      .map(({ place, name }) => `the moment when ${placeText(place)} ${name === 'starts' ? 'starts' : 'has settled'}`);
  }
}
