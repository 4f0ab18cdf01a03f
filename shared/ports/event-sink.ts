/** An event for a bus, in the words of EventBridge. */
export interface OutgoingEvent {
  /** Who tells it, as rules match it. */
  readonly source: string;
  /** What kind it is, as rules match it. */
  readonly detailType: string;
  /** When it happened, in milliseconds since the epoch. A bus keeps whole seconds of it. */
  readonly atMs: number;
  /** Goes as JSON; at most 1 MB with all the rest of the event. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** An event that no repetition would bring onto the bus, and why. */
export interface RefusedEvent {
  readonly event: OutgoingEvent;
  readonly reason: string;
}

/** A bus that events are put on. Delivery is at least once and in any order. */
export interface EventSink {
  /**
   * Resolves when each event is on the bus, or is known never to be: those are given back.
   *
   * @throws {EventsUnavailableError} some are not there yet; put again, those that are there come twice
   */
  put(events: readonly OutgoingEvent[]): Promise<readonly RefusedEvent[]>;
}
