import { LifecycleEvents } from '../../shared/observability/lifecycle-events.ts';
import { environment } from '../environment.ts';
import { logger, store } from './runtime.ts';

/** Opens the bus of this stack; `undefined`: it has none, and the client for it is not loaded. */
export async function openLifecycle(): Promise<LifecycleEvents | undefined> {
  const { EVENT_BUS_ARN: bus, LIFECYCLE_EVENTS } = environment;
  if (bus === undefined) return undefined;
  const { openEventBridge } = await import('../../shared/adapters/aws/eventbridge-sink.ts');
  return new LifecycleEvents({ store, logger, sink: openEventBridge(bus), nodeEvents: LIFECYCLE_EVENTS === 'nodes' });
}
